"""/t/…/team/: rename, transfer, remove and delete"""

import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts import operations
from accounts.models import Action, AuditEntry, Membership, ProviderAccount, Role, Team, User
from accounts.stakes import stakes_of
from rentals.models import LedgerEntry, Purchase
from rentals.operations.errors import Refusal
from rentals.states import ActivationState, PurchaseState
from tests.accounts.conftest import Visit, is_sign_in, text_of
from tests.factories import (
    add_member,
    make_activation,
    make_invitation,
    make_lease,
    make_offer,
    make_provider_account,
    make_purchase,
    make_user,
)

Browser = Callable[[User], Client]


def role_of(user: User, team: Team) -> str | None:
    return team.memberships.filter(user=user).values_list("role", flat=True).first()


def newest(team: Team) -> AuditEntry:
    return AuditEntry.objects.of_team(team)[0]


@pytest.fixture
def page(team: Team) -> str:
    return f"/t/{team.slug}/team"


@pytest.fixture
def busy(team: Team, bob: User) -> Team:
    """A team with one of everything that can be under way; Bob bought it."""
    make_activation(team, bob)
    make_purchase(team, bob)
    make_purchase(team, bob, state=PurchaseState.UNKNOWN)
    make_lease(team, bob)
    return team


# --- what is said before


def test_what_is_under_way_is_counted_for_the_team_and_for_a_member(
    busy: Team, alice: User, bob: User
) -> None:
    ours, theirs, hers = stakes_of(busy), stakes_of(busy, bob), stakes_of(busy, alice)
    for stakes in (ours, theirs):
        assert (stakes.numbers, stakes.queued, stakes.unknown, stakes.leases) == (1, 1, 1, 1)
        assert (stakes.unsettled, stakes.reserved) == (3, Decimal("0.42"))
        assert stakes.block_the_end
    assert (hers.numbers, hers.unsettled, hers.leases, hers.block_the_end) == (0, 0, 0, False)
    assert [account.pk for account in ours.accounts] == [busy.provider_accounts.get().pk]


def test_the_page_before_leaving_says_what_stays(
    busy: Team, page: str, bob: User, visit: Visit
) -> None:
    for who in ("alice", "bob"):
        said = text_of(visit(who, f"{page}/{bob.pk}/remove/"))
        assert 'Reserved money</span><strong class="figure">$0.42' in said
        assert "open numbers go on to their end" in said
    assert role_of(bob, busy) == Role.MEMBER


def test_the_page_is_for_who_may_do_it(
    page: str, alice: User, bob: User, vera: User, visit: Visit
) -> None:
    assert visit("bob", f"{page}/{vera.pk}/remove/").status_code == 403
    assert visit("vera", f"{page}/{vera.pk}/remove/").status_code == 200
    assert visit("charlie", f"{page}/{vera.pk}/remove/").status_code == 404
    assert visit("alice", f"{page}/999999/remove/").status_code == 404
    assert is_sign_in(visit("anonymous", f"{page}/{vera.pk}/remove/"))


# --- the name


def test_who_manages_renames(page: str, team: Team, bob: User, visit: Visit) -> None:
    assert visit("bob", f"{page}/rename/", {"name": "Mine"}).status_code == 403
    for wrong in ("  ", "x" * 81):
        visit("alice", f"{page}/rename/", {"name": wrong})
    team.refresh_from_db()
    assert team.name == "Departures"
    visit("alice", f"{page}/rename/", {"name": "Arrivals"})
    team.refresh_from_db()
    assert team.name == "Arrivals"
    entry = newest(team)
    assert entry.action == Action.TEAM_RENAMED
    assert (entry.before, entry.after) == ({"name": "Departures"}, {"name": "Arrivals"})


# --- ownership


def test_ownership_is_handed_on_in_one_step(
    page: str, team: Team, alice: User, bob: User, visit: Visit
) -> None:
    assert "Bob · bob@example.org" in text_of(visit("alice", f"{page}/transfer/"))
    assert visit("alice", f"{page}/transfer/", {"user_id": bob.pk})["Location"] == f"{page}/"
    assert (role_of(alice, team), role_of(bob, team)) == (Role.ADMIN, Role.OWNER)
    entry = newest(team)
    assert entry.action == Action.OWNERSHIP_TRANSFERRED
    assert (entry.before, entry.after) == ({"owner": alice.email}, {"owner": bob.email})


def test_ownership_goes_to_a_member_only(
    page: str, team: Team, alice: User, bob: User, charlie: User, visit: Visit
) -> None:
    for stranger in (charlie.pk, alice.pk, "x"):
        assert visit("alice", f"{page}/transfer/", {"user_id": stranger}).status_code == 422
    owner, member = (team.memberships.get(user=user) for user in (alice, bob))
    with pytest.raises(Membership.DoesNotExist):
        operations.transfer_ownership(actor=owner, user_id=charlie.pk)
    for actor, user in ((owner, alice), (member, alice)):
        with pytest.raises(PermissionDenied):
            operations.transfer_ownership(actor=actor, user_id=user.pk)
    assert role_of(alice, team) == Role.OWNER


@pytest.mark.parametrize("act", ["transfer", "delete"])
def test_only_owners_hand_on_and_delete(
    act: str, page: str, bob: User, team: Team, visit: Visit
) -> None:
    for role, status in ((Role.MEMBER, 403), (Role.ADMIN, 403)):
        team.memberships.filter(user=bob).update(role=role)
        assert visit("bob", f"{page}/{act}/").status_code == status
        assert visit("bob", f"{page}/{act}/", {"name": team.name}).status_code == status
    assert visit("charlie", f"{page}/{act}/").status_code == 404
    assert is_sign_in(visit("anonymous", f"{page}/{act}/"))
    team.refresh_from_db()
    assert team.closed_at is None


def test_a_personal_team_stays_with_its_owner(alice: User, bob: User, client_of: Browser) -> None:
    own = operations.create_user_team(alice)
    add_member(own, bob, Role.MEMBER)
    browser, page = client_of(alice), f"/t/{own.slug}/team"
    assert browser.post(f"{page}/transfer/", {"user_id": bob.pk}).status_code == 422
    assert browser.post(f"{page}/delete/", {"name": own.name}).status_code == 422
    own.refresh_from_db()
    assert (own.closed_at, role_of(alice, own)) == (None, Role.OWNER)


# --- the end


def test_a_team_is_deleted_by_typing_its_name_and_its_books_stay(
    page: str, team: Team, alice: User, bob: User, client_of: Browser, visit: Visit
) -> None:
    account = make_provider_account(team, refer_id="42")
    make_purchase(team, bob, account=account, state=PurchaseState.BOUGHT)
    Purchase.objects.update(settled_at="2026-01-01T00:00Z")
    make_invitation(team)
    books = (Purchase.objects.count(), LedgerEntry.objects.count())
    assert visit("alice", f"{page}/delete/", {"name": "departures"}).status_code == 422
    browser = client_of(alice)
    assert browser.post(f"{page}/delete/", {"name": "Departures"})["Location"] == "/"
    team.refresh_from_db()
    account.refresh_from_db()
    assert team.closed_at is not None
    assert account.state == ProviderAccount.State.REMOVED
    assert bytes(account.token_sealed) == bytes(account.refer_id_sealed) == b""
    assert not team.memberships.exists()
    assert not team.invitations.exists()
    assert (Purchase.objects.count(), LedgerEntry.objects.count()) == books
    entry = newest(team)
    assert (entry.action, entry.before) == (Action.TEAM_CLOSED, {"members": 2, "leases": 0})
    for address in ("/", "/team/", "/history/", "/live-ticket/", "/audit/"):
        assert browser.get(f"/t/{team.slug}{address}").status_code == 404
    assert not ProviderAccount.objects.due().exists(), "no balance is read any more"


def test_a_closed_team_is_closed_to_a_member_who_is_put_back_too(
    page: str, team: Team, alice: User, visit: Visit
) -> None:
    visit("alice", f"{page}/delete/", {"name": team.name})
    add_member(team, alice, Role.OWNER)
    assert visit("alice", f"/t/{team.slug}/").status_code == 404
    assert not Team.objects.of(alice).exists()


def test_nothing_is_bought_in_a_closed_team(
    page: str, team: Team, alice: User, visit: Visit
) -> None:
    from rentals.operations.purchase import request_number

    account, offer = make_provider_account(team), make_offer()
    visit("alice", f"{page}/delete/", {"name": team.name})
    with pytest.raises(Refusal, match="This team was deleted"):
        request_number(
            team=team,
            buyer=alice,
            account=account,
            offer=offer,
            quoted=offer.cost,
            client_key=uuid.uuid4(),
        )


def test_a_team_is_not_deleted_while_something_is_open(
    busy: Team, page: str, alice: User, visit: Visit, queued: Callable[[], list[object]]
) -> None:
    said = text_of(visit("alice", f"{page}/delete/"))
    assert "Cancel everything that is open" in said
    assert "Delete the team for good" not in said
    fields = {"name": busy.name, "give_up_leases": "on"}
    assert visit("alice", f"{page}/delete/", fields).status_code == 422
    visit("alice", f"/t/{busy.slug}/open/cancel/", {})
    assert busy.activations.get(state=ActivationState.CANCELLING)
    assert stakes_of(busy).queued == 0
    assert visit("alice", f"{page}/delete/", fields).status_code == 422, "asked for is not done"
    busy.activations.filter(state=ActivationState.CANCELLING).update(
        state=ActivationState.CANCELLED
    )
    Purchase.objects.update(settled_at="2026-01-01T00:00Z")
    assert visit("alice", f"{page}/delete/", {"name": busy.name}).status_code == 422, "a lease"
    assert visit("alice", f"{page}/delete/", fields).status_code == 302
    busy.refresh_from_db()
    assert busy.closed_at is not None


def test_cancelling_everything_is_for_owners(busy: Team, bob: User, visit: Visit) -> None:
    url = f"/t/{busy.slug}/open/cancel/"
    assert visit("bob", url, {}).status_code == 403
    assert visit("charlie", url, {}).status_code == 404
    assert visit("alice", url).status_code == 405
    assert stakes_of(busy).queued == 1


def test_a_right_that_was_lost_meanwhile_deletes_nothing(team: Team, alice: User) -> None:
    stale = Membership(team=team, user=alice, role=Role.OWNER)
    add_member(team, make_user(), Role.OWNER)
    team.memberships.filter(user=alice).update(role=Role.ADMIN)
    for operation in (
        lambda: operations.close_team(actor=stale),
        lambda: operations.transfer_ownership(actor=stale, user_id=alice.pk),
    ):
        with pytest.raises(PermissionDenied):
            operation()
