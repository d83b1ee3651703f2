"""Limits when a hundred clicks come at once, while numbers end. Threads with connections of their own."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections

from rentals import limits
from rentals.models import LedgerEntry, Purchase
from rentals.operations.activation import store_release, store_sms
from rentals.operations.errors import OverLimit
from tests.factories import make_activation, make_limit, make_purchase
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db(transaction=True)

CLICKS = 100
THREADS = 20

Call = Callable[[], object]


def at_once(calls: list[Call]) -> list[object]:
    """What each call returned, or the refusal that it raised; all threads start together."""
    start = threading.Barrier(THREADS)

    def run(share: list[Call]) -> list[object]:
        start.wait(30)
        try:
            return [outcome(call) for call in share]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        shares = pool.map(run, [calls[place::THREADS] for place in range(THREADS)])
        return [result for share in shares for result in share]


def outcome(call: Call) -> object:
    try:
        return call()
    except OverLimit as refusal:
        return refusal


def clicks(shop: Shop, count: int = CLICKS) -> list[Call]:
    return [shop.ask] * count


def bought(results: list[object]) -> list[Purchase]:
    return [result for result in results if isinstance(result, Purchase)]


@pytest.mark.parametrize(
    ("whose", "limit"), [("team", {"open_at_once": 10}), ("member", {"per_day": 10 * COST})]
)
def test_of_a_hundred_buys_at_once_exactly_ten_are_made(
    shop: Shop, whose: str, limit: dict[str, Any]
) -> None:
    make_limit(shop.team, shop.alice if whose == "member" else None, **limit)

    results = at_once(clicks(shop))

    assert len(bought(results)) == Purchase.objects.count() == 10, connection.vendor
    assert sum(isinstance(result, OverLimit) for result in results) == CLICKS - 10
    assert LedgerEntry.objects.filter(kind="hold").count() == 10
    assert shop.team.purchases.reserved() == 10 * COST


def test_double_clicks_that_race_for_the_last_place_are_one_purchase(shop: Shop) -> None:
    make_limit(shop.team, open_at_once=1)
    keys = [uuid.uuid4() for _ in range(5)]

    results = at_once([partial(shop.ask, client_key=key) for key in keys * 20])

    winner = Purchase.objects.get()
    assert {purchase.pk for purchase in bought(results)} == {winner.pk}
    assert len(bought(results)) == 20  # every click with the winner's key, and no other


def test_numbers_that_end_meanwhile_let_nobody_exceed_a_limit(shop: Shop) -> None:
    numbers = [open_number(shop).pk for _ in range(8)]
    make_limit(shop.team, per_day=10 * COST)

    calls = clicks(shop, 56)
    for place, number in enumerate(numbers):
        end = settle_by_sms if place % 2 else settle_by_release
        calls.insert(place * 7, partial(end, number))
    results = at_once(calls)

    [gauge] = limits.read_gauges(shop.team, shop.alice)
    assert gauge.spent == 4 * COST
    assert gauge.reserved == len(bought(results)) * COST
    assert gauge.used <= gauge.allowed
    # What was refused while money was on its way is there for the next click.
    for _ in range(int(gauge.left / COST)):
        shop.ask()
    with pytest.raises(OverLimit):
        shop.ask()


def settle_by_sms(number: int) -> object:
    return store_sms(activation_id=number, text="429916", by="poller")


def settle_by_release(number: int) -> object:
    return store_release(activation_id=number, by="poller")


def open_number(shop: Shop) -> Any:
    purchase = make_purchase(shop.team, shop.alice, offer=shop.offer, state="bought")
    return make_activation(shop.team, purchase=purchase)


def test_an_sms_between_the_two_readings_is_never_lost(shop: Shop) -> None:
    """What moves from reserved to spent while usage is read is counted, if need be twice."""
    number = open_number(shop)

    with after_each_query(lambda: in_a_thread(partial(settle_by_sms, number.pk))):
        usage = limits.read_usage(shop.team).of(shop.alice.pk)

    assert usage.reserved + usage.spent_today >= COST
    assert usage.reserved + usage.spent_this_month >= COST
    settled = limits.read_usage(shop.team).of(None)
    assert (settled.open, settled.reserved, settled.spent_today) == (0, Decimal(0), COST)


def in_a_thread(call: Call) -> None:
    def run() -> None:
        call()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)


@contextmanager
def after_each_query(act: Call) -> Iterator[None]:
    """Run ``act`` when a query of this thread has seen what it sees, before the next one."""

    def wrapper(execute: Callable[..., Any], *args: Any) -> Any:
        result = execute(*args)
        act()
        return result

    with connection.execute_wrapper(wrapper):
        yield
