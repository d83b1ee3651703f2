"""What is written down: each thing that changes a team, its accounts or who may sign in."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import operations
from accounts.audit import check
from accounts.audit.staff import AuditedAdmin
from accounts.models import Action, AuditEntry, Membership, ProviderAccount, Role, Team, User
from rentals.models import Limit
from rentals.operations.limits import set_limit
from rentals.operations.unknown import adopt, declare_not_bought, write_off
from rentals.states import PurchaseState
from tests.factories import add_member, make_provider_account, make_purchase, make_user

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


@pytest.fixture
def owner(team: Team, alice: User) -> Membership:
    return team.memberships.get(user=alice)


@pytest.fixture(autouse=True)
def whole() -> object:
    """Whatever a test did, the chains are whole after it."""
    yield
    assert list(check.check_chains()) == []


def last() -> AuditEntry:
    deeds = AuditEntry.objects.exclude(action=Action.CHAIN_BEGUN)
    return deeds.latest("at", "sequence")


def told(entry: AuditEntry) -> tuple[str, str, str, dict[str, object], dict[str, object]]:
    return (
        entry.action,
        entry.actor_email,
        entry.object_label,
        entry.before,
        entry.after,
    )


# --- teams


def test_a_new_team(alice: User) -> None:
    team = operations.create_team(owner=alice, name="QA")
    entry = AuditEntry.objects.of_team(team).get()
    assert told(entry) == (Action.TEAM_CREATED, alice.email, "QA", {}, {})


def test_another_role(owner: Membership, bob: User) -> None:
    operations.change_role(actor=owner, user_id=bob.pk, role=Role.ADMIN)
    facts = ({"role": "member"}, {"role": "admin"})
    assert told(last()) == (Action.ROLE_CHANGED, owner.user.email, str(bob), *facts)


def test_who_is_removed_and_who_leaves(
    owner: Membership, team: Team, bob: User, vera: User
) -> None:
    operations.remove_member(actor=owner, user_id=bob.pk)
    assert told(last())[:3] == (Action.MEMBER_REMOVED, owner.user.email, str(bob))
    operations.remove_member(actor=team.memberships.get(user=vera), user_id=vera.pk)
    assert told(last())[:3] == (Action.MEMBER_LEFT, vera.email, str(vera))


def test_nothing_where_nothing_was_changed(owner: Membership, bob: User) -> None:
    operations.change_role(actor=owner, user_id=bob.pk, role=Role.MEMBER)
    with pytest.raises(operations.LastOwner):
        operations.remove_member(actor=owner, user_id=owner.user_id)
    assert not AuditEntry.objects.exists()


# --- provider accounts


def test_a_provider_account_from_its_first_day_to_its_last(
    team: Team, alice: User, token: str
) -> None:
    account = operations.add_provider_account(
        team=team, actor=alice, name="Main", token=token, refer_id="ref-1"
    )
    end = f"…{token[-4:]}"
    assert told(last())[3:] == ({}, {"token": end, "referral ID": True, "private": False})
    operations.edit_provider_account(account=account, actor=alice, name="QA", refer_id="")
    renamed, referral = AuditEntry.objects.of_team(team)[:2][::-1]
    assert told(renamed)[3:] == ({"name": "Main"}, {"name": "QA"})
    assert told(referral)[3:] == ({"referral ID": True}, {"referral ID": False})
    operations.edit_provider_account(account=account, actor=alice, name="QA", token=token)
    assert told(last())[3:] == ({"token": end}, {"token": end})
    operations.remove_provider_account(account=account, actor=alice)
    assert last().action == Action.ACCOUNT_REMOVED
    assert token not in str(list(AuditEntry.objects.values()))
    assert "ref-1" not in str(list(AuditEntry.objects.values()))


def test_what_the_provider_turns_away_and_who_takes_it_back(
    team: Team, alice: User, account: ProviderAccount
) -> None:
    operations.suspend_account(account=account, code="401")
    assert told(last()) == (Action.ACCOUNT_SUSPENDED, "", "Main", {}, {"provider code": 401})
    operations.check_provider_account(account=account, actor=alice)
    assert told(last()) == (Action.ACCOUNT_RESUMED, alice.email, "Main", {}, {})


# --- money


def test_limits_with_what_they_were(owner: Membership, team: Team, bob: User) -> None:
    none = {"per_purchase": None, "per_day": None, "per_month": None, "open_at_once": None}
    change = {**none, "per_day": Decimal("2.50")}
    set_limit(actor=owner, member_id=bob.pk, **change)  # type: ignore[arg-type]
    assert told(last())[2:] == (str(bob), none, {**none, "per_day": "2.5"})
    set_limit(actor=owner, member_id=None, **{**none, "open_at_once": 3})  # type: ignore[arg-type]
    assert told(last())[2:] == (str(team), none, {**none, "open_at_once": "3"})


@pytest.mark.parametrize(
    ("decide", "action"),
    [
        (declare_not_bought, Action.PURCHASE_NOT_BOUGHT),
        (write_off, Action.PURCHASE_WRITTEN_OFF),
        (
            lambda **wish: adopt(**wish, request_id="9" * 21, number="447700900123"),
            Action.PURCHASE_ADOPTED,
        ),
    ],
)
def test_what_a_person_makes_of_an_unknown_outcome(
    team: Team, alice: User, decide: Callable[..., object], action: Action
) -> None:
    purchase = make_purchase(team, state=PurchaseState.UNKNOWN, cost=Decimal("0.14"))
    decide(purchase=purchase, actor=alice)
    entry = last()
    assert (entry.action, entry.actor_id, entry.object_id) == (action, alice.pk, str(purchase.pk))
    assert entry.after["price"] == "0.14"
    assert entry.after["purchase"] == str(purchase.code)


# --- signing in


def test_signing_in_and_out_and_failing_to(client: Client, alice: User) -> None:
    alice.set_password("one two three four")
    alice.save()
    login = reverse("account_login")
    agent = {"User-Agent": "Lynx/2.9"}
    client.post(login, {"login": alice.email, "password": "wrong"}, headers=agent)
    assert told(last())[:3] == (Action.SIGN_IN_FAILED, "", str(alice))
    client.post(login, {"login": alice.email, "password": "one two three four"}, headers=agent)
    entry = last()
    assert told(entry)[:2] == (Action.SIGNED_IN, alice.email)
    assert (entry.ip, entry.user_agent, entry.chain_id) == ("127.0.0.1", "Lynx/2.9", "site")
    client.post(reverse("account_logout"))
    assert told(last())[:2] == (Action.SIGNED_OUT, alice.email)


def test_a_password_in_the_wrong_field_is_not_kept(client: Client) -> None:
    wrong = {"login": "hunter2@correct.horse", "password": "x"}
    client.post(reverse("account_login"), wrong)
    assert last().action == Action.SIGN_IN_FAILED
    assert "hunter2" not in str(list(AuditEntry.objects.values()))


def test_another_password(client_of: ClientOf, alice: User) -> None:
    alice.set_password("one two three four")
    alice.save()
    new = {
        "oldpassword": "one two three four",
        "password1": "5 6 7 8 nine",
        "password2": "5 6 7 8 nine",
    }
    client_of(alice).post(reverse("account_change_password"), new)
    assert AuditEntry.objects.filter(action=Action.PASSWORD_CHANGED, actor_id=alice.pk).exists()
    assert "nine" not in str(list(AuditEntry.objects.values()))


# --- staff


def test_what_staff_change_is_in_the_chain_of_the_team(
    client_of: ClientOf, sam: User, team: Team, bob: User
) -> None:
    browser = client_of(sam)
    membership = team.memberships.get(user=bob)
    page = reverse("admin:accounts_membership_change", args=[membership.pk])
    browser.post(page, {"user": bob.pk, "team": team.pk, "role": "admin"})
    entry = AuditEntry.objects.of_team(team).first()
    assert entry is not None
    assert told(entry)[:2] == (Action.STAFF_CHANGED, sam.email)
    assert (entry.before, entry.after) == ({"role": "member"}, {"role": "admin"})
    delete = {"action": "delete_selected", "_selected_action": [membership.pk], "post": "yes"}
    browser.post(reverse("admin:accounts_membership_changelist"), delete)
    entry = AuditEntry.objects.of_team(team).first()
    assert entry is not None
    assert (entry.action, entry.before["role"]) == (Action.STAFF_DELETED, "admin")


def test_rows_on_the_page_of_a_team_are_written_down_too(
    client_of: ClientOf, sam: User, team: Team, bob: User, alice: User
) -> None:
    rows = list(team.memberships.order_by("pk"))
    form = {
        "name": "Renamed",
        "purpose": team.purpose,
        "retention_days": team.retention_days,
        "memberships-TOTAL_FORMS": "3",
        "memberships-INITIAL_FORMS": "2",
        "memberships-0-id": rows[0].pk,
        "memberships-0-team": team.pk,
        "memberships-0-user": alice.pk,
        "memberships-0-role": "owner",
        "memberships-1-id": rows[1].pk,
        "memberships-1-team": team.pk,
        "memberships-1-user": bob.pk,
        "memberships-1-role": "member",
        "memberships-1-DELETE": "on",
        "memberships-2-team": team.pk,
        "memberships-2-user": make_user("Nora").pk,
        "memberships-2-role": "viewer",
    }
    client_of(sam).post(reverse("admin:accounts_team_change", args=[team.pk]), form)
    entries = AuditEntry.objects.of_team(team).order_by("sequence")
    assert next((one.action, one.before, one.after) for one in entries) == (
        Action.STAFF_CHANGED,
        {"name": "Departures"},
        {"name": "Renamed"},
    )
    assert [one.action for one in entries[1:]] == [Action.STAFF_ADDED, Action.STAFF_DELETED]
    assert [one.after.get("role") or one.before.get("role") for one in entries[1:]] == [
        "viewer",
        "member",
    ]


def test_a_password_that_staff_set_is_not_told(client_of: ClientOf, sam: User, bob: User) -> None:
    page = reverse("admin:auth_user_password_change", args=[bob.pk])
    new = {"password1": "5 6 7 8 nine", "password2": "5 6 7 8 nine", "usable_password": "true"}
    client_of(sam).post(page, new)
    entry = AuditEntry.objects.get(action=Action.STAFF_CHANGED)
    assert (entry.object_id, entry.before, entry.after) == (str(bob.pk), {}, {})


def test_every_admin_that_changes_anything_is_audited(rf: RequestFactory, sam: User) -> None:
    request = rf.get("/")
    request.user = sam
    changing = [
        type(model_admin)
        for model_admin in admin.site._registry.values()
        if model_admin.has_add_permission(request)
        or model_admin.has_change_permission(request)
        or model_admin.has_delete_permission(request)
    ]
    assert len(changing) >= 7
    assert [one for one in changing if not issubclass(one, AuditedAdmin)] == []


def test_a_limit_that_staff_set(client_of: ClientOf, sam: User, team: Team) -> None:
    client_of(sam).post(reverse("admin:rentals_limit_add"), {"team": team.pk, "per_day": "5"})
    entry = AuditEntry.objects.of_team(team).get()
    assert (entry.action, entry.after["per_day"]) == (Action.STAFF_ADDED, "5")
    assert entry.object_id == str(Limit.objects.get().pk)


def test_accounts_of_the_team_are_not_touched_by_this(team: Team) -> None:
    """The factories write rows, not deeds."""
    add_member(team, make_user())
    make_provider_account(team)
    assert not AuditEntry.objects.exists()
