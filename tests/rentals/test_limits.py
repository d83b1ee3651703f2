"""What is used of a limit, whatever happens in whatever order; and what is said of it."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import smsbus
from accounts.models import Team, User
from catalog.models import Offer
from rentals import journal, limits
from rentals.limits import Gauge, Kind
from rentals.models import Limit, Purchase
from rentals.operations import goods
from rentals.operations.activation import store_release, store_sms
from rentals.operations.errors import OverLimit
from rentals.operations.purchase import abandon_purchase, request_number
from rentals.operations.unknown import declare_not_bought, write_off
from rentals.states import PurchaseState
from rentals.wording import warn_of_limit
from tests.factories import make_limit, make_offer, make_provider_account

State = PurchaseState

AMOUNTS = st.sampled_from([None, Decimal(0), Decimal("0.28"), Decimal("1.3801"), Decimal(3)])
COUNTS = st.sampled_from([None, 0, 1, 2, 3])
LIMIT = st.fixed_dictionaries(
    {"per_purchase": AMOUNTS, "per_day": AMOUNTS, "per_month": AMOUNTS, "open_at_once": COUNTS}
)
PRICES = st.sampled_from([Decimal("0.0001"), Decimal("0.14"), Decimal("1.1"), Decimal("2.4999")])
ENDS = st.sampled_from(["given up", "sms", "release", "not bought", "written off"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.booleans(), PRICES),
        st.tuples(st.just("buy"), st.booleans(), PRICES),
        st.tuples(st.just("end"), ENDS, st.integers(0, 9)),
        st.tuples(st.just("wait"), st.sampled_from([1, 7, 24, 24 * 20]), st.none()),
    ),
    min_size=4,
    max_size=18,
)


@dataclass
class Book:
    """Our own count of the purchases of a team."""

    open: list[Purchase] = field(default_factory=list)
    spent: list[tuple[int, date, Decimal]] = field(default_factory=list)

    def used(self, kind: str, member: User | None) -> Decimal | int:
        mine = [one for one in self.open if member in (None, one.buyer)]
        if kind == "per_purchase":
            return 0
        if kind == "open_at_once":
            return len(mine)
        today = datetime.now(UTC).date()
        since = today if kind == "per_day" else today.replace(day=1)
        spent = (
            amount
            for buyer, day, amount in self.spent
            if day >= since and (member is None or buyer == member.pk)
        )
        return sum((one.quoted for one in mine), Decimal(0)) + sum(spent, Decimal(0))

    def has_room(self, limit: Limit, price: Decimal) -> bool:
        return all(
            self.used(kind, limit.member) + (1 if kind == "open_at_once" else price) <= allowed
            for kind in ("per_purchase", "per_day", "per_month", "open_at_once")
            if (allowed := getattr(limit, kind)) is not None
        )


@pytest.fixture
def offer(team: Team) -> Offer:
    make_provider_account(team)
    return make_offer()


def buy(team: Team, buyer: User, offer: Offer, price: Decimal) -> Purchase | None:
    offer.cost = price
    try:
        return request_number(
            team=team,
            buyer=buyer,
            account=team.provider_accounts.get(),
            offer=offer,
            quoted=price,
            client_key=uuid.uuid4(),
        )
    except OverLimit:
        return None


def end(purchase: Purchase, how: str) -> bool:
    """Bring a held purchase to its end; True where its price is spent."""
    buyer = purchase.buyer
    if how == "given up":
        abandon_purchase(purchase=purchase, actor=buyer)
        return False
    claim = {"claim": uuid.uuid4(), "claim_until": timezone.now(), "cost": purchase.quoted}
    with transaction.atomic():
        journal.move(purchase, State.SENDING, **claim)
        if how in ("sms", "release"):
            journal.move(purchase, State.BOUGHT)
            number = smsbus.Number(request_id=str(purchase.pk), number="17548000000")
            goods.of(purchase).deliver(purchase, number)
        else:
            journal.move(purchase, State.UNKNOWN)
    if how == "sms":
        store_sms(activation_id=purchase.activation.pk, text="429916", by="poller")
    elif how == "release":
        store_release(activation_id=purchase.activation.pk, by="poller")
    elif how == "not bought":
        declare_not_bought(purchase=purchase, actor=buyer)
    else:
        write_off(purchase=purchase, actor=buyer)
    return how in ("sms", "written off")


@given(of_team=LIMIT, of_bob=LIMIT, steps=STEPS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_purchase_is_made_exactly_while_there_is_room(
    team: Team,
    alice: User,
    bob: User,
    offer: Offer,
    of_team: dict[str, Decimal],
    of_bob: dict[str, Decimal],
    steps: list[tuple[str, object, object]],
) -> None:
    book = Book()
    with (
        transaction.atomic(),
        time_machine.travel(datetime(2027, 1, 25, 12, tzinfo=UTC), tick=False) as clock,
    ):
        rows = [make_limit(team, **of_team), make_limit(team, bob, **of_bob)]
        for step, what, value in steps:
            if step == "wait":
                clock.shift(timedelta(hours=what))
            elif step == "buy":
                buyer = bob if what else alice
                room = all(book.has_room(row, value) for row in rows if row.member in (None, buyer))
                purchase = buy(team, buyer, offer, value)
                assert (purchase is not None) == room
                if purchase:
                    book.open.append(purchase)
            elif book.open:
                ended = book.open.pop(value % len(book.open))
                if end(ended, what):
                    day = datetime.now(UTC).date()
                    book.spent.append((ended.buyer_id, day, ended.quoted))
            assert_as_counted(team, bob, book)
        transaction.set_rollback(True)


def assert_as_counted(team: Team, bob: User, book: Book) -> None:
    """Gauges show what the book says, and none shows more than is allowed."""
    for gauge in limits.read_gauges(team, bob):
        assert gauge.used == book.used(gauge.kind, bob if gauge.member_id else None)
        assert gauge.used <= gauge.allowed


# What is said of it


def gauge(used: str, kind: Kind = Kind.PER_DAY, allowed: str = "10") -> Gauge:
    return Gauge(kind, None, Decimal(allowed), Decimal(used), Decimal(0))


@pytest.mark.parametrize(
    ("used", "near", "full", "percent"),
    [
        ("7.9999", False, False, 79),
        ("8", True, False, 80),
        ("9.9999", True, False, 99),
        ("10", True, True, 100),
        ("12", True, True, 120),
    ],
)
def test_a_limit_is_near_from_eighty_percent_and_full_at_a_hundred(
    used: str, near: bool, full: bool, percent: int
) -> None:
    found = gauge(used)
    assert (found.is_near, found.is_full, found.percent) == (near, full, percent)
    assert found.left == max(0, 10 - Decimal(used))


def test_nothing_of_nothing_is_all_of_it() -> None:
    found = gauge("0", allowed="0")
    assert (found.is_full, found.percent) == (True, 100)


def test_the_tightest_limit_is_the_fullest_and_never_the_ceiling() -> None:
    ceiling = gauge("0", Kind.PER_PURCHASE, allowed="0")
    fullest = gauge("3", Kind.OPEN_AT_ONCE, allowed="4")
    assert limits.tightest([ceiling, gauge("7"), fullest, gauge("5")]) == fullest
    assert limits.tightest([ceiling]) is None


def test_the_warning_says_how_much_is_used_and_who_can_change_it() -> None:
    assert warn_of_limit(gauge("8.4")) == (
        "The team has used $8.40 of its limit of $10.00 for today. That is 84 %; beyond the limit "
        "nothing is bought. Owners and admins of the team can change the limit."
    )
    own = Gauge(Kind.OPEN_AT_ONCE, 7, Decimal(3), Decimal(3), Decimal(0))
    assert warn_of_limit(own) == (
        "You have 3 open of the 3 that you may have at once. That is all of it, and nothing more "
        "is bought. One is free again when an SMS comes, or when a number is cancelled or expires. "
        "Owners and admins of the team can change the limit."
    )
