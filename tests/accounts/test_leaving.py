"""/me/data/ and /me/delete/: what goes, what stays, and what has to be done first."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.management import call_command
from django.db import connection, models
from django.test import Client
from pytest_django import Settings

from accounts import operations
from accounts.models import Action, AuditEntry, Membership, ProviderAccount, Role, Team, User
from accounts.operations import create_user_team, ensure_demo_user
from rentals.models import Purchase
from rentals.operations.activation import store_sms
from rentals.operations.purchase import abandon_purchase
from tests.accounts.conftest import Visit, text_of
from tests.factories import (
    PASSWORD,
    add_member,
    make_activation,
    make_limit,
    make_provider_account,
    make_purchase,
    make_user,
)
from tests.signing_in import add_second_factor, sign_in

PAGE = "/me/delete/"
Browser = Callable[[User], Client]


@pytest.fixture
def personal(alice: User) -> Team:
    return create_user_team(alice)


def delete(browser: Client, address: str = "alice@example.org") -> Any:
    return browser.post(PAGE, {"address": address})


def test_the_page_says_first_what_goes_and_what_stays(
    alice: User, personal: Team, team: Team, bob: User, visit: Visit
) -> None:
    Membership.objects.filter(team=team, user=bob).update(role=Role.OWNER)
    make_provider_account(personal)
    page = text_of(visit("alice", PAGE))
    assert "the token of 1 provider account there" in page
    assert f"“deleted member #{alice.pk}”" in page
    assert "your place in <bdi>Departures</bdi>" in page
    assert "It is signed and cannot be changed" in page
    assert "Not yet" not in page


def test_what_is_known_of_the_person_is_gone_from_every_table(
    alice: User, personal: Team, team: Team, bob: User, client: Client
) -> None:
    Membership.objects.filter(team=team, user=bob).update(role=Role.OWNER)
    User.objects.filter(pk=alice.pk).update(name="Alice Liddell", time_zone="Asia/Tokyo")
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True)
    make_limit(team, alice)
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    add_second_factor(alice)
    sign_in(client, User.objects.get(pk=alice.pk), second_factor=True)
    client.get("/me/")
    assert UserSession.objects.filter(user=alice).exists()

    assert delete(client)["Location"] == "/"

    gone = User.objects.get(pk=alice.pk)
    assert (gone.name, gone.time_zone, gone.is_active) == ("", "UTC", False)
    assert gone.email == f"deleted-{alice.pk}@deleted.invalid"
    assert gone.short_name == f"deleted member #{alice.pk}"
    assert not gone.has_usable_password()
    for model in (EmailAddress, Authenticator, UserSession, Membership):
        assert not model.objects.filter(user=alice).exists()
    where = tables_with("alice@example.org", "Alice Liddell")
    assert where <= {"accounts_auditentry"}, "the trail alone, which says so"
    assert client.get("/me/").status_code == 302, "signed out"


def tables_with(*texts: str) -> set[str]:
    """Every table with one of ``texts`` in any column, whatever its type."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = repr(
                [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor]
            )
            if any(text in rows for text in texts):
                found.add(table)
    return found


def test_the_other_sessions_end_too(alice: User, personal: Team, client_of: Browser) -> None:
    here, there = client_of(alice), client_of(alice)
    delete(here)
    assert there.get("/me/").status_code == 302


def test_the_streams_end(
    alice: User, personal: Team, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from live import bus

    closed: list[int] = []
    monkeypatch.setattr(
        bus, "close_streams", lambda *, user_id, team_id=None: closed.append(user_id)
    )
    delete(client_of(alice))
    assert set(closed) == {alice.pk}


def test_the_personal_team_is_closed_and_its_tokens_are_destroyed(
    alice: User, personal: Team, client_of: Browser
) -> None:
    account = make_provider_account(personal, refer_id="friend")
    Team.objects.filter(pk=personal.pk).update(purpose="Alice tries her own shop")
    delete(client_of(alice))
    account = ProviderAccount.objects.get(pk=account.pk)
    assert account.state == ProviderAccount.State.REMOVED
    assert (bytes(account.token_sealed), bytes(account.refer_id_sealed)) == (b"", b"")
    assert (account.token_last4, account.token_fingerprint) == ("", "")
    closed = Team.objects.get(pk=personal.pk)
    assert (closed.name, closed.purpose) == (f"deleted team #{closed.pk}", "")
    assert closed.retention_days == 1


def test_the_books_stay_and_add_up(
    alice: User, bob: User, personal: Team, team: Team, client_of: Browser
) -> None:
    Membership.objects.filter(team=team, user=bob).update(role=Role.OWNER)
    number = make_activation(team, alice)
    store_sms(activation_id=number.pk, text="429916", by="poller")
    entries = list(number.purchase.entries.values())
    delete(client_of(alice))
    purchase = Purchase.objects.get()
    assert (purchase.buyer_id, list(purchase.entries.values())) == (alice.pk, entries)
    page = text_of(client_of(bob).get(purchase.get_absolute_url()))
    assert f"deleted member #{alice.pk}" in page
    assert "Alice" not in page


def test_the_audit_trail_stays_whole_with_the_name_as_it_was(
    alice: User, personal: Team, client_of: Browser
) -> None:
    delete(client_of(alice))
    entry = AuditEntry.objects.get(action=Action.USER_DELETED)
    assert (entry.actor_name, entry.actor_email) == ("Alice", "alice@example.org")
    left = AuditEntry.objects.get(action=Action.MEMBER_LEFT)
    assert left.before == {"role": "owner"}
    call_command("verify_audit", stdout=StringIO())


def test_the_address_is_told_and_may_sign_up_again(
    alice: User,
    personal: Team,
    client_of: Browser,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        delete(client_of(alice))
    assert [message.to for message in mail.outbox] == [["alice@example.org"]]
    assert "deleted" in mail.outbox[0].subject
    assert make_user("Alice").pk != alice.pk


# --- what has to be done first


def test_a_shared_team_is_not_left_without_an_owner(
    alice: User, team: Team, bob: User, client_of: Browser
) -> None:
    browser = client_of(alice)
    assert "Departures has other members and no other owner." in text_of(browser.get(PAGE))
    assert 'name="address"' not in text_of(browser.get(PAGE))
    assert delete(browser).status_code == 422
    assert User.objects.get(pk=alice.pk).is_active
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert delete(browser).status_code == 302


def test_money_that_is_reserved_is_settled_first(
    alice: User, personal: Team, client_of: Browser
) -> None:
    purchase = make_purchase(personal)
    browser = client_of(alice)
    assert "1 purchase of Alice’s team is not settled yet." in text_of(browser.get(PAGE))
    assert delete(browser).status_code == 422
    assert User.objects.get(pk=alice.pk).is_active
    assert abandon_purchase(purchase=purchase, actor=alice)
    assert delete(browser).status_code == 302


def test_money_that_a_shared_team_has_reserved_is_no_obstacle(
    alice: User, team: Team, bob: User, client_of: Browser
) -> None:
    make_purchase(team, bob)
    browser = client_of(bob)
    assert delete(browser, "bob@example.org").status_code == 302
    assert Purchase.objects.get().settled_at is None


@pytest.mark.parametrize("address", ["", "bob@example.org", "alice"])
def test_it_takes_ones_own_address(
    alice: User, personal: Team, client_of: Browser, address: str
) -> None:
    assert delete(client_of(alice), address).status_code == 422
    assert User.objects.get(pk=alice.pk).is_active


def test_it_takes_signing_in_again(alice: User, personal: Team, client: Client) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    for answer in (client.get(PAGE), delete(client)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert User.objects.get(pk=alice.pk).is_active


def test_the_demo_user_is_everybodys(db: None, client: Client, settings: Settings) -> None:
    settings.DEMO = True
    ensure_demo_user()
    client.post("/demo/")
    assert "The demo user is everybody’s" in text_of(client.get(PAGE))
    assert delete(client, "demo@busstop.example").status_code == 422


def test_twice_is_once(alice: User, personal: Team) -> None:
    operations.delete_user(user=alice)
    operations.delete_user(user=alice)
    assert AuditEntry.objects.filter(action=Action.USER_DELETED).count() == 1


def test_whatever_is_deleted_with_a_person_is_known() -> None:
    """A new table that goes with a person is theirs alone; one that must stay protects them."""
    relations = User._meta.get_fields(include_hidden=True)
    gone = {
        relation.related_model._meta.label  # type: ignore[union-attr]
        for relation in relations
        if isinstance(relation, models.ForeignObjectRel)
        and getattr(relation, "on_delete", None) is models.CASCADE
    }
    assert "rentals.Purchase" not in gone
    assert "rentals.MemberDay" not in gone
    assert {"account.EmailAddress", "mfa.Authenticator", "accounts.Membership"} <= gone


# --- one's data


def test_ones_data_is_a_file_of_all_that_is_kept(
    alice: User, team: Team, bob: User, client_of: Browser
) -> None:
    store_sms(activation_id=make_activation(team, alice).pk, text="429916", by="poller")
    make_purchase(team, bob)
    EmailAddress.objects.create(user=alice, email=alice.email)
    add_second_factor(alice)
    answer = client_of(alice).post("/me/data/")
    assert answer["Content-Disposition"] == 'attachment; filename="busstop-my-data.json"'
    assert "no-store" in answer["Cache-Control"]
    data = json.loads(answer.content)
    assert data["profile"]["email"] == alice.email
    assert "password" not in data["profile"]
    assert [row["team__name"] for row in data["memberships"]] == ["Departures"]
    assert [row["state"] for row in data["purchases"]] == ["bought"], "not Bob's"
    assert data["second_factors"][0]["type"] == "totp"
    assert "secret" not in answer.text
    assert AuditEntry.objects.filter(action=Action.DATA_DOWNLOADED).count() == 1


def test_what_a_team_shows_only_with_a_second_factor_takes_one(
    alice: User, team: Team, client_of: Browser, client: Client
) -> None:
    make_purchase(team, alice)
    Team.objects.update(needs_second_factor=True)
    assert json.loads(client_of(alice).post("/me/data/").content)["purchases"] == []
    sign_in(client, alice, second_factor=True)
    assert len(json.loads(client.post("/me/data/").content)["purchases"]) == 1


def test_who_left_a_team_takes_nothing_of_it_along(
    alice: User, team: Team, bob: User, client_of: Browser
) -> None:
    make_purchase(team, bob)
    Membership.objects.filter(user=bob).delete()
    assert json.loads(client_of(bob).post("/me/data/").content)["purchases"] == []
    add_member(team, bob)
    assert len(json.loads(client_of(bob).post("/me/data/").content)["purchases"]) == 1
