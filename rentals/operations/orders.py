"""Long-term numbers and their renewals: the calls for them, their rows, and their orders.

Each of them is one order at the provider, paid at once. Unlike a number for one SMS an order is
listed (``list/order``), so one whose answer was lost can be found again.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

import smsbus
from core.queue import enqueue_on_commit
from rentals import journal, ledger
from rentals.models import Lease, Purchase
from rentals.states import LeaseState
from smsbus import wire

PAGE = 500  # the most that the provider gives
MOST_PAGES = 20
COMPLETED, CANCELLED = "COMPLETED", "CANCEL"
CLOCKS_MAY_DIFFER = timedelta(minutes=5)

State = LeaseState


class TooMany(Exception):
    """The provider lists more than we read: what is not among it may be there all the same."""


def read_price(purchase: Purchase, client: smsbus.Client) -> Decimal | None:
    """Return what all the months cost now; None where they are not offered. Raises ``SmsBusError``."""
    months = purchase.months or 0
    for area in client.rent_list_area():
        if area.area_code == purchase.area_code:
            return area.monthly_price * months if months >= area.min_months else None
    return None


def take_baseline(purchase: Purchase, client: smsbus.Client) -> dict[str, Any]:
    """Return the orders of its like that are there right before the send; None if unreadable."""
    try:
        known = [order.order_id for order in list_orders(client) if is_alike(purchase, order)]
    except (smsbus.SmsBusError, TooMany):
        return {"orders_before": None}
    return {"orders_before": known}


def call(purchase: Purchase, client: smsbus.Client) -> wire.Call[smsbus.LeasedNumber]:
    """Return the call that leases or renews."""
    months = purchase.months or 0
    if purchase.renews is not None:
        return wire.rent_renew_number(purchase.area_code, purchase.renews.mobile_number, months)
    return wire.rent_get_number(purchase.area_code, months)


def is_new(purchase: Purchase, receipt: smsbus.LeasedNumber) -> bool:
    """Whether the provider gave an order id that we do not have yet."""
    same = Purchase.objects.filter(account=purchase.account, order_id=receipt.order_id)
    return not same.exists()


def deliver(purchase: Purchase, receipt: smsbus.LeasedNumber) -> None:
    """Write the lease, or lengthen the one that was renewed; the price is spent."""
    from rentals import tasks  # the tasks import the operations

    purchase.order_id = receipt.order_id
    purchase.save(update_fields=["order_id"])
    ledger.charge(purchase)
    if purchase.renews_id is None:
        _lease(purchase, receipt)
    else:
        _lengthen(Lease.objects.select_for_update().get(pk=purchase.renews_id), receipt)
    enqueue_on_commit(tasks.read_leases, str(purchase.account_id))


def _lease(purchase: Purchase, receipt: smsbus.LeasedNumber) -> None:
    lease = Lease.objects.create(
        purchase=purchase,
        team=purchase.team,
        account=purchase.account,
        area_code=purchase.area_code,
        area_name=purchase.area_name,
        dialing_code=receipt.dialing_code,
        number=receipt.dialing_code + receipt.mobile_number,
        begin_at=purchase.sent_at or timezone.now(),
        expire_at=receipt.expire_at,
        keep_at=receipt.keep_at,
    )
    journal.note(
        lease,
        to_state=lease.state,
        by="worker",
        data={"number": lease.number, "order_id": receipt.order_id},
    )


def _lengthen(lease: Lease, receipt: smsbus.LeasedNumber) -> None:
    times: dict[str, Any] = {"expire_at": receipt.expire_at, "keep_at": receipt.keep_at}
    data = {"order_id": receipt.order_id, "expire_at": receipt.expire_at.isoformat()}
    if lease.state == State.GRACE:
        journal.move(lease, State.ACTIVE, reason="renewed", data=data, by="worker", **times)
        return
    Lease.objects.filter(pk=lease.pk).update(**times)
    journal.note(lease, reason="renewed", data=data, by="worker")


def list_orders(client: smsbus.Client) -> Iterator[smsbus.Order]:
    """Yield all orders of an account. Raises ``SmsBusError``, and ``TooMany`` at the end of our patience.

    Nothing is filtered by the provider: a filter that it reads otherwise than we do would hide
    what we look for.
    """
    for number in range(1, MOST_PAGES + 1):
        page = client.rent_list_order(page_num=number, page_size=PAGE)
        yield from page.items
        if not page.items or number >= page.total_pages:
            return
    raise TooMany


def is_alike(purchase: Purchase, order: smsbus.Order) -> bool:
    """Whether an order is for the same area and months, and for the same number if it renews one."""
    same = order.area_code == purchase.area_code and order.rent_month == purchase.months
    if purchase.renews is not None:
        same = same and order.mobile_number == purchase.renews.mobile_number
    return same


def find_candidates(purchase: Purchase, client: smsbus.Client) -> list[smsbus.Order]:
    """Return what an unknown purchase may have become: orders alike that are new and no other's.

    Without ``orders_before`` all that no other purchase has count as new. Raises ``SmsBusError``,
    ``TooMany``.
    """
    before = set(purchase.orders_before or ())
    found = [o for o in list_orders(client) if is_alike(purchase, o) and o.order_id not in before]
    taken = Purchase.objects.filter(
        account=purchase.account, order_id__in=[order.order_id for order in found]
    )
    known = set(taken.values_list("order_id", flat=True))
    return [order for order in found if order.order_id not in known]


def is_certain(purchase: Purchase, order: smsbus.Order) -> bool:
    """Whether a candidate can only be this purchase: paid as agreed, while it was being sent."""
    sent = purchase.sent_at or purchase.created
    latest = sent + timedelta(seconds=settings.SMSBUS_DEADLINE) + CLOCKS_MAY_DIFFER
    in_time = sent - CLOCKS_MAY_DIFFER <= order.order_at <= latest
    return in_time and order.status == COMPLETED and order.amount == purchase.price


def names_of(order: smsbus.Order) -> set[str]:
    """Return what a person may call an order by: its id, or its number in either form."""
    number = order.mobile_number
    return {order.order_id, number, order.dialing_code + number}


def receipt_of(order: smsbus.Order) -> smsbus.LeasedNumber | None:
    """Return an order as the answer that was lost; None where the list leaves its times out."""
    if order.expire_at is None or order.keep_at is None:
        return None
    return smsbus.LeasedNumber(
        order_id=order.order_id,
        mobile_number=order.mobile_number,
        dialing_code=order.dialing_code,
        area_code=order.area_code,
        expire_at=order.expire_at,
        keep_at=order.keep_at,
    )
