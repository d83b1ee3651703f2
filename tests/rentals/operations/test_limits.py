"""Limits of a team and of its members, held when something is bought."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.models import Membership, Role, User
from accounts.operations import remove_member
from rentals import ledger
from rentals.models import Limit, Purchase
from rentals.operations.activation import store_release, store_sms
from rentals.operations.errors import OverLimit
from rentals.operations.limits import set_limit
from rentals.operations.purchase import abandon_purchase, request_reuse
from rentals.operations.sending import send_purchase
from rentals.operations.unknown import declare_not_bought, write_off
from rentals.states import PurchaseState
from tests.factories import add_member, make_limit, make_purchase, make_team, make_user
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db

NOTHING = {"per_purchase": None, "per_day": None, "per_month": None, "open_at_once": None}
KINDS = ("per_purchase", "per_day", "per_month", "open_at_once")


def refusal(shop: Shop, **changes: object) -> str:
    """Ask, be refused by a limit, and return its words; nothing is written."""
    before = Purchase.objects.count()
    with pytest.raises(OverLimit) as caught:
        shop.ask(**changes)
    assert Purchase.objects.count() == before
    return caught.value.message


# What a limit says


@pytest.mark.parametrize("kind", ["per_day", "per_month"])
def test_reserved_money_counts_up_to_the_very_limit(shop: Shop, kind: str) -> None:
    make_limit(shop.team, **{kind: 2 * COST})
    shop.ask(), shop.ask()
    words = refusal(shop)
    assert f"The team's limit for a {kind[4:]} is $0.28: $0.00 is spent and $0.28 reserved" in words
    assert "this would have cost $0.14. Nothing was bought." in words


@pytest.mark.parametrize("kind", ["per_day", "per_month"])
def test_spent_money_counts_too(shop: Shop, kind: str) -> None:
    make_limit(shop.team, **{kind: 2 * COST})
    store_sms(activation_id=shop.number().pk, text="429916", by="poller")
    shop.ask()
    assert "$0.14 is spent and $0.14 reserved" in refusal(shop)


@pytest.mark.parametrize("kind", ["per_day", "per_month", "open_at_once"])
def test_what_is_given_back_may_be_used_again(shop: Shop, kind: str) -> None:
    make_limit(shop.team, **{kind: 1 if kind == "open_at_once" else COST})
    store_release(activation_id=shop.number().pk, by="poller")
    purchase = shop.ask()
    refusal(shop)
    abandon_purchase(purchase=purchase, actor=shop.alice)
    assert shop.ask().state == PurchaseState.HELD


def test_a_ceiling_for_one_purchase(shop: Shop) -> None:
    limit = make_limit(shop.team, per_purchase=COST)
    for _ in range(3):
        shop.ask()
    limit.per_purchase = COST - Decimal("0.0001")
    limit.save()
    assert refusal(shop).startswith(
        "The team's limit for one purchase is $0.1399, and this would have cost $0.14."
    )


def test_open_at_once_counts_what_is_asked_for_and_what_waits(shop: Shop) -> None:
    make_limit(shop.team, open_at_once=2)
    number = shop.number()
    shop.ask()
    assert "is 2 (open now: 2)" in refusal(shop)
    store_sms(activation_id=number.pk, text="429916", by="poller")
    assert shop.ask().state == PurchaseState.HELD


def test_an_unknown_outcome_counts_whatever_its_day(shop: Shop) -> None:
    make_limit(shop.team, per_day=COST, open_at_once=1)
    with time_machine.travel(datetime(2027, 3, 1, 12, tzinfo=UTC)):
        unknown = make_purchase(shop.team, shop.alice, state=PurchaseState.UNKNOWN, quoted=COST)
    with time_machine.travel(datetime(2027, 4, 20, 12, tzinfo=UTC)):
        assert "$0.14 reserved" in refusal(shop)
        declare_not_bought(purchase=unknown, actor=shop.alice)
        assert shop.ask().state == PurchaseState.HELD


def test_what_is_written_off_is_spent(shop: Shop) -> None:
    make_limit(shop.team, per_day=COST)
    unknown = make_purchase(shop.team, shop.alice, state=PurchaseState.UNKNOWN, quoted=COST)
    write_off(purchase=unknown, actor=shop.alice)
    assert "$0.14 is spent" in refusal(shop)


def test_nothing_is_allowed_by_a_limit_of_nothing(shop: Shop) -> None:
    make_limit(shop.team, open_at_once=0)
    assert "is 0 (open now: 0)" in refusal(shop)


def test_no_row_and_an_empty_row_are_no_limit(shop: Shop) -> None:
    assert shop.ask().state == PurchaseState.HELD
    make_limit(shop.team)
    make_limit(shop.team, shop.alice)
    assert shop.ask().state == PurchaseState.HELD


def test_using_a_number_again_counts(shop: Shop) -> None:
    number = shop.number()
    store_sms(activation_id=number.pk, text="429916", by="poller")
    number.refresh_from_db()
    make_limit(shop.team, per_day=COST)
    with pytest.raises(OverLimit, match="limit for a day"):
        request_reuse(activation=number, buyer=shop.alice, quoted=COST, client_key=uuid.uuid4())


# Whose limit


def test_a_member_has_limits_of_their_own(shop: Shop, bob: User) -> None:
    make_limit(shop.team, bob, per_day=COST)
    shop.ask(), shop.ask()
    shop.ask(buyer=bob)
    assert refusal(shop, buyer=bob).startswith("Your own limit for a day is $0.14")
    shop.ask()


def test_a_members_limit_leaves_that_of_the_team_as_it_is(shop: Shop, bob: User) -> None:
    make_limit(shop.team, open_at_once=2)
    make_limit(shop.team, bob, open_at_once=9)
    shop.ask(), shop.ask(buyer=bob)
    assert refusal(shop, buyer=bob).startswith("The team's limit of what is open at once is 2")


def test_another_teams_limits_and_purchases_do_not_matter(shop: Shop) -> None:
    elsewhere = make_team(shop.alice)
    make_limit(elsewhere, per_purchase=0)
    make_purchase(elsewhere, shop.alice)
    make_limit(shop.team, open_at_once=1)
    shop.ask()
    refusal(shop)


def test_the_words_say_who_can_change_it(shop: Shop, bob: User) -> None:
    make_limit(shop.team, open_at_once=0)
    assert "Owners and admins of the team can change the limit." in refusal(shop)
    assert "Owners and admins of the team can change the limit." in refusal(shop, buyer=bob)


def test_of_two_limits_the_longer_lasting_one_is_named(shop: Shop) -> None:
    make_limit(shop.team, per_day=0, open_at_once=0)
    make_limit(shop.team, shop.alice, per_month=0)
    assert "limit for a month" in refusal(shop)


# Days and months are UTC


def test_a_day_ends_at_midnight_utc(shop: Shop) -> None:
    make_limit(shop.team, per_day=COST)
    with time_machine.travel(datetime(2027, 3, 9, 23, 59, 58, tzinfo=UTC), tick=False) as clock:
        spend(shop)
        clock.shift(1)
        assert "The next day begins at 00:00 UTC" in refusal(shop)
        clock.shift(1)
        shop.ask()


def test_a_month_ends_with_its_last_day(shop: Shop) -> None:
    make_limit(shop.team, per_month=COST)
    with time_machine.travel(datetime(2027, 12, 1, tzinfo=UTC), tick=False) as clock:
        spend(shop)
        clock.move_to(datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC))
        assert "The next month begins on 1 Jan at 00:00 UTC" in refusal(shop)
        clock.shift(1)
        shop.ask()


def test_a_hold_of_yesterday_is_held_today_and_spent_when_it_is_charged(shop: Shop) -> None:
    make_limit(shop.team, per_day=COST)
    with time_machine.travel(datetime(2027, 3, 9, 23, 59, 59, tzinfo=UTC), tick=False) as clock:
        held = make_purchase(shop.team, shop.alice, state=PurchaseState.UNKNOWN, quoted=COST)
        clock.shift(1)
        assert "$0.00 is spent and $0.14 reserved" in refusal(shop)
        write_off(purchase=held, actor=shop.alice)
        assert "$0.14 is spent and $0.00 reserved" in refusal(shop)


def test_what_a_machine_whose_clock_is_ahead_has_settled_tomorrow_counts_today(shop: Shop) -> None:
    make_limit(shop.team, per_day=COST)
    with time_machine.travel(datetime(2027, 3, 31, 23, 59, 59, tzinfo=UTC), tick=False) as clock:
        clock.shift(2)
        spend(shop)
        clock.shift(-2)
        assert "$0.14 is spent" in refusal(shop)


def spend(shop: Shop) -> None:
    purchase = make_purchase(shop.team, shop.alice, state=PurchaseState.BOUGHT, quoted=COST)
    with transaction.atomic():
        ledger.charge(purchase)


# The queue and double clicks


def test_the_second_click_on_the_last_place_is_the_same_purchase(shop: Shop) -> None:
    make_limit(shop.team, open_at_once=1, per_day=COST)
    key = uuid.uuid4()
    assert shop.ask(client_key=key) == shop.ask(client_key=key)
    refusal(shop)


def test_a_purchase_that_queues_in_place_of_a_refused_one_needs_no_room(shop: Shop) -> None:
    """The provider says 50104 when all that the team may have is taken."""
    make_limit(shop.team, open_at_once=2, per_day=2 * COST)
    make_limit(shop.team, shop.alice, open_at_once=2)
    shop.number()
    shop.sandbox.update_account(shop.token, waiting_limit=1)
    refused = shop.buy()
    assert refused.state == PurchaseState.REFUSED
    assert refused.successor.state == PurchaseState.HELD
    assert shop.team.purchases.reserved() == 2 * COST
    refusal(shop)


def test_what_is_held_is_sent_although_the_limit_is_lowered_meanwhile(shop: Shop) -> None:
    purchase = shop.ask()
    make_limit(shop.team, open_at_once=0, per_purchase=0, per_day=0, per_month=0)
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.BOUGHT


# Setting them


@pytest.fixture
def owner(shop: Shop) -> Membership:
    return shop.team.memberships.get(user=shop.alice)


def test_a_limit_is_set_changed_and_taken_away(shop: Shop, owner: Membership) -> None:
    for amount in (COST, Decimal(5), None):
        set_limit(actor=owner, member_id=None, **NOTHING | {"per_day": amount})
        assert Limit.objects.get().per_day == amount


def test_the_pages_of_the_team_hear_of_it(
    owner: Membership, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[attr-defined]
        set_limit(actor=owner, member_id=None, **NOTHING)
    assert len(callbacks) == 1


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_only_owners_and_admins_set_limits(owner: Membership, role: Role) -> None:
    actor = add_member(owner.team, make_user(), Role.ADMIN)
    set_limit(actor=actor, member_id=None, **NOTHING)
    Membership.objects.filter(pk=actor.pk).update(role=role)  # since the page was opened
    with pytest.raises(PermissionDenied):
        set_limit(actor=actor, member_id=None, **NOTHING)


def test_somebody_who_has_left_sets_no_limits(owner: Membership) -> None:
    actor = add_member(owner.team, make_user(), Role.ADMIN)
    Membership.objects.filter(pk=actor.pk).delete()
    with pytest.raises(PermissionDenied):
        set_limit(actor=actor, member_id=None, **NOTHING)


def test_members_of_other_teams_get_none(owner: Membership, charlie: User) -> None:
    with pytest.raises(Membership.DoesNotExist):
        set_limit(actor=owner, member_id=charlie.pk, **NOTHING)
    assert not Limit.objects.exists()


def test_who_leaves_and_comes_back_is_still_bound(shop: Shop, owner: Membership, bob: User) -> None:
    set_limit(actor=owner, member_id=bob.pk, **NOTHING | {"open_at_once": 1})
    shop.ask(buyer=bob)
    remove_member(actor=owner, user_id=bob.pk)
    shop.ask()
    add_member(shop.team, bob)
    assert refusal(shop, buyer=bob).startswith("Your own limit")


@pytest.mark.parametrize("kind", KINDS)
def test_the_database_refuses_a_negative_limit(owner: Membership, kind: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        set_limit(actor=owner, member_id=None, **NOTHING | {kind: Decimal(-1)})


@pytest.mark.parametrize("whose", ["team", "member"])
def test_the_database_keeps_one_row_each(shop: Shop, whose: str) -> None:
    member = shop.alice if whose == "member" else None
    make_limit(shop.team, member)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_limit(shop.team, member)
