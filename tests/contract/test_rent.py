"""Each documented success of the rent service, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.server import Sandbox
from smsbus import Area, Balance, Client, LeasedNumber
from tests.contract.cast import CANADA, DAY, proves


@pytest.fixture
def leased(alice: Client) -> LeasedNumber:
    return alice.rent_get_number(CANADA, 1)


@proves("rent/list/area")
def test_areas_and_their_prices_in_dollars(alice: Client) -> None:
    assert Area(CANADA, "Canada", Decimal("2.00"), 1, 48) in alice.rent_list_area()


@proves("rent/get/number")
def test_a_lease_is_paid_at_once(alice: Client) -> None:
    leased = alice.rent_get_number(CANADA, 2)
    assert (leased.area_code, leased.dialing_code) == (CANADA, "1")
    assert leased.order_id.isdigit()
    assert leased.mobile_number.isdigit()
    assert datetime.now(UTC) + timedelta(days=50) < leased.expire_at < leased.keep_at
    assert leased.keep_at.tzinfo is UTC
    assert alice.get_balance() == Balance(Decimal(6), Decimal(0))


@proves("rent/renew/number")
def test_a_renewal_is_a_new_order_for_later(alice: Client, leased: LeasedNumber) -> None:
    renewed = alice.rent_renew_number(CANADA, leased.mobile_number, 1)
    assert renewed.order_id != leased.order_id
    assert renewed.mobile_number == leased.mobile_number
    assert renewed.expire_at > leased.expire_at


@proves("rent/cancel/order")
def test_a_cancelled_order_is_refunded(alice: Client, leased: LeasedNumber) -> None:
    alice.rent_cancel_order(leased.order_id)
    assert alice.get_balance() == Balance(Decimal(10), Decimal(0))


@proves("rent/list/number")
def test_leased_numbers(sandbox: Sandbox, alice: Client, leased: LeasedNumber) -> None:
    page = alice.rent_list_number()
    assert (page.page_num, page.page_size, page.total_pages, page.total) == (1, 10, 1, 1)
    (lease,) = page.items
    assert (lease.area_code, lease.area_name, lease.dialing_code) == (CANADA, "Canada", "1")
    assert lease.mobile_number == leased.mobile_number
    assert (lease.expire_at, lease.keep_at) == (leased.expire_at, leased.keep_at)
    assert (lease.auto_renew, lease.allow_link) == (False, False)
    assert lease.sms_link.startswith(sandbox.rent_url)
    sandbox.advance(40 * DAY)
    assert alice.rent_list_number().items == ()
    assert alice.rent_list_number(only_active=False).total == 1


@proves("rent/list/order")
def test_orders_page_by_page(alice: Client, leased: LeasedNumber) -> None:
    alice.rent_cancel_order(leased.order_id)
    alice.rent_get_number(CANADA, 2)
    newest = alice.rent_list_order(page_size=1)
    assert (newest.page_num, newest.page_size, newest.total_pages, newest.total) == (1, 1, 2, 2)
    (order,) = newest.items
    assert (order.status, order.rent_month, order.amount) == ("COMPLETED", 2, Decimal("4.00"))
    (order,) = alice.rent_list_order(page_size=1, page_num=2).items
    assert (order.order_id, order.status) == (leased.order_id, "CANCEL")
    assert alice.rent_list_order(area_code="US").items == ()
    assert alice.rent_list_order(mobile_number=leased.mobile_number).total >= 1


@proves("rent/get/sms")
def test_the_newest_sms(sandbox: Sandbox, alice: Client, leased: LeasedNumber) -> None:
    assert alice.rent_get_sms(CANADA, leased.mobile_number) is None
    sandbox.deliver_lease(leased.mobile_number, "one")
    sandbox.deliver_lease(leased.mobile_number, "Code 077866")
    sms = alice.rent_get_sms(CANADA, leased.mobile_number)
    assert sms is not None
    assert sms.content == "Code 077866"
    assert abs(sms.receive_at - datetime.now(UTC)) < timedelta(minutes=1)


@proves("rent/list/sms")
def test_all_sms_page_by_page(sandbox: Sandbox, alice: Client, leased: LeasedNumber) -> None:
    for text in ("one", "two", "three"):
        sandbox.deliver_lease(leased.mobile_number, text)
    page = alice.rent_list_sms(CANADA, leased.mobile_number, page_size=2)
    assert [sms.content for sms in page.items] == ["three", "two"]
    page = alice.rent_list_sms(CANADA, leased.mobile_number, page_size=2, page_num=2)
    assert [sms.content for sms in page.items] == ["one"]
    assert page.total == 3


@proves("rent/change/link/status")
def test_the_public_link_is_opened_and_closed(alice: Client, leased: LeasedNumber) -> None:
    for status in (True, False):
        assert alice.rent_change_link_status(CANADA, leased.mobile_number, status) is status
        assert alice.rent_list_number().items[0].allow_link is status
