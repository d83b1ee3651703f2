"""A provider account that one member has for themselves, in their team"""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from accounts import operations
from accounts.models import AuditEntry, ProviderAccount, Role, Team, User
from catalog.models import Offer
from catalog.sources import find_sources, has_any
from rentals.models import Purchase
from rentals.operations.errors import Refusal
from rentals.operations.purchase import request_renewal, request_reuse
from rentals.states import ActivationState, PurchaseState
from tests.accounts.conftest import Visit, text_of
from tests.factories import (
    make_activation,
    make_area,
    make_lease,
    make_lease_purchase,
    make_offer,
    make_provider_account,
    make_purchase,
    make_snapshot,
)

State = ProviderAccount.State


@pytest.fixture
def bobs(team: Team, bob: User) -> ProviderAccount:
    """Bob's private account in the team."""
    return make_provider_account(team, name="Pocket", private_to=bob, balance="12.34")


def url(team: Team, account: ProviderAccount, act: str = "") -> str:
    return f"/t/{team.slug}/accounts/{account.pk}/{act}"


def number_form(account: ProviderAccount, offer: Offer) -> dict[str, Any]:
    return {
        "account": account.pk,
        "offer": offer.pk,
        "quoted": offer.cost,
        "client_key": uuid.uuid4(),
    }


# --- having one


def test_a_member_adds_one_for_themselves_whatever_the_form_says(
    team: Team, bob: User, token: str, visit: Visit
) -> None:
    fields = {"name": "Pocket", "token": token, "private": ""}
    assert visit("bob", f"/t/{team.slug}/accounts/add/", fields).status_code == 302
    assert team.provider_accounts.get().private_to == bob


def test_who_manages_chooses_whose_it_is(team: Team, alice: User, token: str, visit: Visit) -> None:
    fields = {"name": "Pocket", "token": token, "private": "on"}
    visit("alice", f"/t/{team.slug}/accounts/add/", fields)
    account = team.provider_accounts.get()
    assert account.private_to == alice
    visit("alice", url(team, account), {"name": "Purse"})
    account.refresh_from_db()
    assert (account.name, account.private_to) == ("Purse", alice)


def test_a_viewer_adds_none(team: Team, vera: User, visit: Visit) -> None:
    for data in (None, {"name": "Pocket", "token": "x" * 20}):
        assert visit("vera", f"/t/{team.slug}/accounts/add/", data).status_code == 403


# --- who sees it


def test_only_its_member_sees_it_and_owners_that_it_exists(
    team: Team, bob: User, vera: User, bobs: ProviderAccount, visit: Visit
) -> None:
    page = f"/t/{team.slug}/accounts/"
    own = text_of(visit("bob", page))
    assert all(words in own for words in ("Pocket", "only you", bobs.token_last4))
    owners = text_of(visit("alice", page))
    assert "<bdi>Pocket</bdi> · <bdi>Bob</bdi> · active" in owners
    assert bobs.token_last4 not in owners
    assert str(bobs.pk) not in owners
    assert "Pocket" not in text_of(visit("vera", page))


@pytest.mark.parametrize("act", ["", "check/", "remove/", "money/"])
def test_nobody_else_opens_or_changes_it(
    act: str, team: Team, bob: User, bobs: ProviderAccount, visit: Visit
) -> None:
    address = url(team, bobs, act)
    for role in (Role.OWNER, Role.ADMIN):
        team.memberships.exclude(user=bob).update(role=role)
        for data in (None, {"name": "Mine"}):
            assert visit("alice", address, data).status_code in (404, 405)
    assert visit("alice", url(team, bobs)).status_code == 404
    bobs.refresh_from_db()
    assert (bobs.name, bobs.state) == ("Pocket", State.ACTIVE)


def test_its_member_changes_and_removes_it(
    team: Team, bob: User, bobs: ProviderAccount, visit: Visit
) -> None:
    assert visit("bob", url(team, bobs, "money/")).status_code == 200
    assert visit("bob", url(team, bobs), {"name": "Purse"}).status_code == 302
    visit("bob", url(team, bobs, "remove/"), {})
    bobs.refresh_from_db()
    assert (bobs.name, bobs.state) == ("Purse", State.REMOVED)


def test_its_member_explains_its_drift_and_nobody_else(
    team: Team, bob: User, bobs: ProviderAccount, visit: Visit
) -> None:
    drifted = make_snapshot(bobs, drift="-1")
    address = url(team, bobs, f"money/{drifted.pk}/explain/")
    assert visit("alice", address, {"explanation": "Mine"}).status_code == 404
    assert visit("bob", address, {"explanation": "Bought by hand"}).status_code == 302
    drifted.refresh_from_db()
    assert drifted.explained_by == bob


def test_its_balance_is_in_nobody_elses_header_and_its_numbers_are_counted(
    team: Team, bob: User, vera: User, bobs: ProviderAccount, visit: Visit
) -> None:
    make_activation(team, bob, purchase=make_purchase(team, bob, account=bobs, state="bought"))
    strip = f"/t/{team.slug}/money/"
    for who, sees in (("bob", True), ("alice", False), ("vera", False)):
        said = text_of(visit(who, strip))
        assert ("$12.34" in said) is sees
        assert "<dt>Waiting</dt> <dd>1</dd>" in said


def test_the_trail_does_not_tell_how_its_token_ends(
    team: Team, bob: User, token: str, visit: Visit
) -> None:
    operations.add_provider_account(team=team, actor=bob, name="Pocket", token=token, private=True)
    account = team.provider_accounts.get()
    operations.remove_provider_account(account=account, actor=bob)
    entries = AuditEntry.objects.of_team(team)
    assert [entry.object_label for entry in entries] == ["Pocket", "Pocket"]
    assert not any(token[-4:] in str((entry.before, entry.after)) for entry in entries)


# --- who buys with it


def test_its_member_buys_and_it_is_the_teams_history(
    team: Team, bob: User, vera: User, bobs: ProviderAccount, visit: Visit
) -> None:
    offer = make_offer()
    desk = f"/t/{team.slug}/?service={offer.service_id}"
    assert f'value="{bobs.pk}"' in text_of(visit("bob", desk))
    visit("bob", f"/t/{team.slug}/buy/", number_form(bobs, offer))
    assert Purchase.objects.get().account == bobs
    assert str(offer.service) in text_of(visit("vera", f"/t/{team.slug}/history/"))


def test_a_forged_form_of_another_member_buys_nothing(
    team: Team, bobs: ProviderAccount, visit: Visit
) -> None:
    make_provider_account(team)
    offer, area = make_offer(), make_area()
    for page in ("", f"?service={offer.service_id}", f"?account={bobs.pk}", "leases/"):
        assert f'value="{bobs.pk}"' not in text_of(visit("alice", f"/t/{team.slug}/{page}"))
    wish = number_form(bobs, offer)
    lease = {**wish, "area": area.pk, "months": 2, "quoted": 4}
    assert visit("alice", f"/t/{team.slug}/buy/", wish).status_code == 404
    assert visit("alice", f"/t/{team.slug}/leases/new/", lease).status_code == 404
    assert not Purchase.objects.exists()


def test_what_was_bought_on_it_is_neither_used_again_nor_renewed_by_another(
    team: Team, alice: User, bob: User, bobs: ProviderAccount, visit: Visit
) -> None:
    offer = make_offer()
    bought = make_purchase(team, bob, offer=offer, account=bobs, state=PurchaseState.BOUGHT)
    number = make_activation(team, purchase=bought, state=ActivationState.RECEIVED)
    lease = make_lease(
        team,
        purchase=make_lease_purchase(team, bob, account=bobs, state="bought", order_id="7"),
    )
    key = uuid.uuid4()
    with pytest.raises(Refusal, match="private account"):
        request_reuse(activation=number, buyer=alice, quoted=offer.cost, client_key=key)
    with pytest.raises(Refusal, match="private account"):
        request_renewal(
            lease=lease, area=make_area(), buyer=alice, months=1, quoted=2, client_key=key
        )
    assert "Use again" in text_of(visit("bob", f"/t/{team.slug}/board/"))
    assert "Use again" not in text_of(visit("alice", f"/t/{team.slug}/board/"))
    again = f"/t/{team.slug}/purchases/{bought.code}/again/"
    visit("alice", again, {"quoted": offer.cost, "client_key": key})
    assert Purchase.objects.filter(buyer=alice).count() == 0


def test_it_reads_the_catalogue_for_nobody(bobs: ProviderAccount) -> None:
    assert not has_any()
    assert list(find_sources(bobs.team_id)) == []
    make_provider_account(bobs.team)
    assert [source.account == bobs for source in find_sources(bobs.team_id)] == [False]


def test_its_suspension_is_told_to_its_member_alone(
    bobs: ProviderAccount, bob: User, mailoutbox: list[EmailMessage]
) -> None:
    operations.suspend_account(account=bobs, code=401)
    assert operations.tell_owners(account_id=bobs.pk)
    assert [mail.to for mail in mailoutbox] == [[bob.email]]


# --- leaving


def test_it_is_closed_when_its_member_leaves(
    team: Team,
    bob: User,
    bobs: ProviderAccount,
    visit: Visit,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    shared = make_provider_account(team)
    page = f"/t/{team.slug}/team/{bob.pk}/remove/"
    assert "<li><bdi>Pocket</bdi></li>" in text_of(visit("bob", page))
    with django_capture_on_commit_callbacks(execute=True):
        visit("bob", page, {})
    bobs.refresh_from_db()
    shared.refresh_from_db()
    assert (bobs.state, bytes(bobs.token_sealed)) == (State.REMOVED, b"")
    assert shared.state == State.ACTIVE


def test_what_is_open_on_it_goes_on_to_its_end_first(
    team: Team, alice: User, bob: User, bobs: ProviderAccount
) -> None:
    purchase = make_purchase(team, bob, account=bobs)
    operations.remove_member(actor=team.memberships.get(user=alice), user_id=bob.pk)
    assert operations.close_private_accounts() == 0
    bobs.refresh_from_db()
    assert bobs.token(), "the SMS is still read with it"
    Purchase.objects.filter(pk=purchase.pk).update(settled_at=timezone.now())
    assert operations.close_private_accounts() == 1
    assert operations.close_private_accounts() == 0
    bobs.refresh_from_db()
    assert bobs.state == State.REMOVED


def test_nobody_is_shut_out_of_the_private_account_of_a_member_who_stays(
    bobs: ProviderAccount,
) -> None:
    assert operations.close_private_accounts() == 0
    bobs.refresh_from_db()
    assert bobs.state == State.ACTIVE


def test_who_deletes_their_account_closes_it_and_the_team_that_nobody_else_is_in(
    bobs: ProviderAccount,
    bob: User,
    team: Team,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    own = operations.create_user_team(bob)
    with django_capture_on_commit_callbacks(execute=True):
        operations.delete_user(user=bob)
    for row in (bobs, own, team):
        row.refresh_from_db()
    assert bobs.state == State.REMOVED
    assert own.closed_at is not None
    assert team.closed_at is None
