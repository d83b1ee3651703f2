"""Leasing a number and renewing it: sent at most once, paid at once."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from catalog.models import Area
from rentals.models import Lease, MemberDay, Purchase
from rentals.operations.errors import Refusal
from rentals.operations.reading import read_leases
from rentals.states import LeaseState, PurchaseState
from rentals.wording import explain_purchase
from tests.rentals.operations.conftest import Shop
from tests.rentals.operations.leasing import (
    ask,
    books,
    renew,
    send,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_adds_up")]
Kinds = Callable[[Purchase], list[str]]
State = PurchaseState
MONTH = 30 * 86400


def read(shop: Shop) -> None:
    read_leases(account_id=str(shop.account.pk))


# Leasing


def test_a_lease_is_bought_and_paid_at_once(shop: Shop, canada: Area, kinds: Kinds) -> None:
    purchase = send(ask(shop, canada))
    [order] = books(shop)
    lease = purchase.lease
    assert (purchase.state, purchase.order_id) == (State.BOUGHT, order.id)
    assert kinds(purchase) == ["hold", "charge"]
    assert purchase.cost == order.amount == Decimal(4)
    assert (lease.state, lease.mobile_number) == (LeaseState.ACTIVE, order.number)
    assert lease.number == f"1{order.number}"
    assert timezone.now() + timedelta(days=59) < lease.expire_at < lease.keep_at
    assert MemberDay.objects.get().charged == Decimal(4)


def test_the_same_form_twice_leases_once(shop: Shop, canada: Area) -> None:
    key = uuid.uuid4()
    first, second = ask(shop, canada, client_key=key), ask(shop, canada, client_key=key)
    assert first == second
    send(first)
    send(second)
    assert shop.sends("rent/get/number") == 1
    with pytest.raises(Refusal, match="other contents"):
        ask(shop, canada, months=3, client_key=key)


def test_a_price_that_rose_needs_a_second_click(shop: Shop, canada: Area, kinds: Kinds) -> None:
    shop.sandbox.set_area("CA", unit_price=210)
    purchase = send(ask(shop, canada))
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "price_rose")
    assert purchase.newer_quote == Decimal("4.20")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends("rent/get/number") == 0


def test_a_price_that_fell_is_what_is_paid(shop: Shop, canada: Area) -> None:
    shop.sandbox.set_area("CA", unit_price=150)
    purchase = send(ask(shop, canada))
    assert purchase.entries.get(kind="charge").amount == books(shop)[0].amount == Decimal(3)


def test_fewer_months_than_the_area_allows_are_not_asked_for(shop: Shop, canada: Area) -> None:
    canada.min_months = 3
    with pytest.raises(Refusal, match="shortest lease is 3 months"):
        ask(shop, canada, months=2)
    shop.sandbox.set_area("CA", min_month=3)
    canada.min_months = 1
    assert send(ask(shop, canada, months=2)).reason == "not_offered"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (50004, "no number left to lease"),
        (50201, "Top it up"),
        (50208, "not activated"),
        (50401, "no longer leases numbers in this area"),
        (50402, "Choose more months"),
    ],
)
def test_a_documented_refusal_gives_the_hold_back(
    shop: Shop, canada: Area, kinds: Kinds, code: int, words: str
) -> None:

    shop.sandbox.fault("rent/get/number", "unknown_code", code=code, message="no")
    purchase = send(ask(shop, canada))
    assert (purchase.state, purchase.provider_code) == (State.REFUSED, str(code))
    assert kinds(purchase) == ["hold", "release"]
    assert words in explain_purchase(purchase)


@pytest.mark.parametrize("code", [50002, 50104, 50214, 50404, 59999])
def test_a_code_of_another_call_is_no_refusal(
    shop: Shop, canada: Area, kinds: Kinds, code: int
) -> None:
    shop.sandbox.fault("rent/get/number", "unknown_code", code=code, message="hm")
    purchase = send(ask(shop, canada))
    assert purchase.state == State.UNKNOWN
    assert kinds(purchase) == ["hold"]


@pytest.mark.parametrize(
    ("call", "kind"), [("rent/list/area", "http_error"), ("rent/list/area", "reset")]
)
def test_without_a_price_nothing_is_sent(shop: Shop, canada: Area, call: str, kind: str) -> None:
    shop.sandbox.fault(call, kind)
    purchase = send(ask(shop, canada))
    assert (purchase.state, purchase.reason) == (State.HELD, "price_unreadable")
    assert shop.sends("rent/get/number") == 0


def test_a_lease_does_not_wait_for_a_slot(shop: Shop, canada: Area) -> None:
    shop.account.slots, shop.account.slots_at = 0, timezone.now()
    shop.account.save()
    assert send(ask(shop, canada)).state == State.BOUGHT
    assert shop.buy().reason == "queued"


# Renewing


def test_a_renewal_lengthens_the_lease_and_is_paid_at_once(
    shop: Shop, canada: Area, lease: Lease, kinds: Kinds
) -> None:
    until = lease.expire_at
    purchase = send(renew(shop, canada, lease))
    lease.refresh_from_db()
    assert (purchase.state, purchase.number) == (State.BOUGHT, lease.number)
    assert kinds(purchase) == ["hold", "charge"]
    assert lease.expire_at == until + timedelta(days=30)
    assert [entry.amount for entry in books(shop)] == [4, 2]
    assert "renewed" in lease.purchase.events.values_list("reason", flat=True)


def test_a_second_renewal_waits_until_the_first_is_decided(
    shop: Shop, canada: Area, lease: Lease
) -> None:
    shop.sandbox.fault("rent/renew/number", "reset", applied=False)
    assert send(renew(shop, canada, lease)).state == State.UNKNOWN
    with pytest.raises(Refusal, match="Another renewal"):
        renew(shop, canada, lease)


@pytest.mark.parametrize("code", [50201, 50401, 50402, 50404])
def test_a_refused_renewal_costs_nothing(
    shop: Shop, canada: Area, lease: Lease, kinds: Kinds, code: int
) -> None:
    shop.sandbox.fault("rent/renew/number", "unknown_code", code=code, message="no")
    purchase = send(renew(shop, canada, lease))
    assert (purchase.state, purchase.provider_code) == (State.REFUSED, str(code))
    assert kinds(purchase) == ["hold", "release"]


def test_a_renewal_in_the_days_of_grace_makes_it_run_again(
    shop: Shop, canada: Area, lease: Lease
) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=2 * MONTH + 60)):
        read(shop)
        lease.refresh_from_db()
        assert lease.state == LeaseState.GRACE
        send(renew(shop, canada, lease))
        lease.refresh_from_db()
        assert lease.state == LeaseState.ACTIVE
        read(shop)
        lease.refresh_from_db()
        assert lease.state == LeaseState.ACTIVE
