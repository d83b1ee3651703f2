"""Leases and renewals of unknown outcome: found in the list of orders, or decided by a person."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Area
from rentals.models import Lease, Purchase
from rentals.operations.errors import Refusal
from rentals.operations.unknown import adopt_order, declare_not_bought, write_off
from rentals.states import PurchaseState
from tests.rentals.operations.conftest import Shop
from tests.rentals.operations.leasing import (
    FAULTS,
    ask,
    books,
    look,
    look_until_the_end,
    other_user,
    renew,
    send,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_adds_up")]
Kinds = Callable[[Purchase], list[str]]
State = PurchaseState


@pytest.mark.parametrize(("fault", "options"), FAULTS)
@pytest.mark.parametrize("what", ["lease", "renewal"])
def test_what_was_sold_unheard_is_found_in_the_orders(
    shop: Shop, canada: Area, lease: Lease, kinds: Kinds, what: str, fault: str, options: Any
) -> None:
    call = "rent/get/number" if what == "lease" else "rent/renew/number"
    purchase = ask(shop, canada) if what == "lease" else renew(shop, canada, lease)
    sends = shop.sends(call)
    shop.sandbox.fault(call, fault, applied=True, **options)
    purchase = send(purchase)
    assert purchase.state == State.UNKNOWN
    assert kinds(purchase) == ["hold"]

    purchase = look(purchase)

    assert (purchase.state, purchase.reason) == (State.BOUGHT, "order_found")
    assert kinds(purchase) == ["hold", "charge"]
    assert purchase.order_id == books(shop)[-1].id
    assert shop.sends(call) == sends + 1
    if what == "lease":
        assert purchase.lease.mobile_number == books(shop)[-1].number
    else:
        until = lease.expire_at
        lease.refresh_from_db()
        assert lease.expire_at == until + timedelta(days=30)


@pytest.mark.parametrize("what", ["lease", "renewal"])
def test_what_was_not_sold_is_released_after_some_patience(
    shop: Shop, canada: Area, lease: Lease, kinds: Kinds, what: str
) -> None:
    call = "rent/get/number" if what == "lease" else "rent/renew/number"
    purchase = ask(shop, canada) if what == "lease" else renew(shop, canada, lease)
    shop.sandbox.fault(call, "reset", applied=False)
    purchase = look(send(purchase))
    assert purchase.state == State.UNKNOWN  # an order may be listed late
    purchase = look_until_the_end(purchase)
    assert (purchase.state, purchase.reason) == (State.NOT_BOUGHT, "order_not_listed")
    assert kinds(purchase) == ["hold", "release"]
    assert len(books(shop)) == 1


def test_an_order_that_is_listed_late_is_found_all_the_same(shop: Shop, canada: Area) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=False)
    purchase = look(send(ask(shop, canada)))
    other_user(shop).rent_get_number("CA", 2)  # as if it had only been slow
    assert look(purchase).reason == "order_found"


def test_two_equal_orders_go_to_a_person(shop: Shop, canada: Area, kinds: Kinds) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    purchase = send(ask(shop, canada))
    other_user(shop).rent_get_number("CA", 2)
    purchase = look(purchase)
    assert (purchase.state, purchase.look_again_at) == (State.UNKNOWN, None)
    assert purchase.events.filter(reason="left_to_person").exists()
    assert kinds(purchase) == ["hold"]


def test_an_order_from_before_the_send_is_never_taken_for_ours(shop: Shop, canada: Area) -> None:
    other_user(shop).rent_get_number("CA", 2)
    shop.sandbox.fault("rent/get/number", "reset", applied=False)
    purchase = send(ask(shop, canada))
    assert len(purchase.orders_before or []) == 1
    assert look_until_the_end(purchase).state == State.NOT_BOUGHT


@pytest.mark.parametrize("minutes", [-60, 60])
def test_an_order_that_no_clock_explains_goes_to_a_person(
    shop: Shop, canada: Area, minutes: int
) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    purchase = send(ask(shop, canada))
    Purchase.objects.filter(pk=purchase.pk).update(
        sent_at=timezone.now() + timedelta(minutes=minutes)
    )
    purchase = look(purchase)
    assert (purchase.state, purchase.look_again_at) == (State.UNKNOWN, None)


def test_two_unknown_alike_go_to_a_person(shop: Shop, canada: Area) -> None:
    first, second = ask(shop, canada), ask(shop, canada)
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    first = send(first)
    Purchase.objects.filter(pk=first.pk).update(look_again_at=None)
    shop.sandbox.fault("rent/get/number", "reset", applied=False)
    assert look(send(second)).look_again_at is None


def test_while_it_is_looked_for_no_other_lease_is_sent_but_numbers_are(
    shop: Shop, canada: Area
) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=False)
    send(ask(shop, canada))
    assert send(ask(shop, canada)).reason == "account_waits"
    assert shop.buy().state == State.BOUGHT


def test_orders_that_cannot_be_read_are_left_to_a_person_in_the_end(
    shop: Shop, canada: Area
) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    purchase = send(ask(shop, canada))
    shop.sandbox.fault("rent/list/order", "http_error", times=None)
    assert look(purchase).look_again_at is not None
    purchase = look_until_the_end(purchase)
    assert (purchase.state, purchase.look_again_at) == (State.UNKNOWN, None)


def test_without_the_orders_from_before_nothing_is_decided_by_itself(
    shop: Shop, canada: Area
) -> None:
    shop.sandbox.fault("rent/list/order", "http_error")
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    purchase = send(ask(shop, canada))
    assert (purchase.state, purchase.orders_before) == (State.UNKNOWN, None)
    assert purchase.look_again_at is None


@pytest.mark.parametrize("by", ["id", "number"])
def test_a_person_adopts_an_order(shop: Shop, canada: Area, kinds: Kinds, by: str) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    purchase = send(ask(shop, canada))
    [order] = books(shop)
    name = order.id if by == "id" else f"+1{order.number}"
    adopt_order(purchase=purchase, actor=shop.alice, order=f" {name} ")
    purchase = Purchase.objects.get(pk=purchase.pk)
    assert (purchase.state, purchase.reason) == (State.BOUGHT, "adopted")
    assert purchase.lease.mobile_number == order.number
    assert kinds(purchase) == ["hold", "charge"]


def test_an_order_that_does_not_fit_is_not_adopted(shop: Shop, canada: Area, lease: Lease) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=False)
    purchase = send(ask(shop, canada))
    elsewhere = other_user(shop).rent_get_number("US", 2)
    for name in (lease.purchase.order_id, elsewhere.order_id, "1", ""):
        with pytest.raises(Refusal, match="no such order"):
            adopt_order(purchase=purchase, actor=shop.alice, order=name)
    shop.sandbox.fault("rent/list/order", "http_error")
    with pytest.raises(Refusal, match="could not be read"):
        adopt_order(purchase=purchase, actor=shop.alice, order=elsewhere.order_id)
    assert Purchase.objects.get(pk=purchase.pk).state == State.UNKNOWN


@pytest.mark.parametrize(
    ("decide", "entry"), [(declare_not_bought, "release"), (write_off, "loss")]
)
def test_a_person_decides(
    shop: Shop, canada: Area, kinds: Kinds, decide: Callable[..., None], entry: str
) -> None:
    shop.sandbox.fault("rent/get/number", "reset", applied=False)
    purchase = send(ask(shop, canada))
    decide(purchase=purchase, actor=shop.alice)
    assert kinds(purchase) == ["hold", entry]
    assert look(purchase).state in (State.NOT_BOUGHT, State.LOST)
