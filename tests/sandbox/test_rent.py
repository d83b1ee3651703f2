"""The rent service by the book: every success, every documented code, and the money behind each."""

from datetime import datetime, timedelta
from decimal import Decimal
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from sandbox.calls import Shape
from sandbox.server import Sandbox
from tests.sandbox.client import TOKEN, Client

MINUTE = 60
DAY = 24 * 60 * MINUTE


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


def place(lease: dict) -> dict[str, str]:
    return {"area_code": lease["area_code"], "mobile_number": lease["mobile_number"]}


@pytest.mark.parametrize(
    "call",
    [
        "list/area",
        "get/number",
        "renew/number",
        "cancel/order",
        "list/number",
        "list/order",
        "get/sms",
        "list/sms",
        "change/link/status",
    ],
)
def test_wrong_token(sandbox: Sandbox, call: str) -> None:
    assert Client(sandbox, "nobody's").rent(call)["code"] == 401


def test_areas_have_prices_in_cents(alice: Client) -> None:
    areas = {row["area_code"]: row for row in alice.rent("list/area")["data"]}
    assert len(areas) >= 12
    assert areas["CA"] == {
        "area_code": "CA",
        "area_title": "Canada",
        "unit_price": 200,
        "min_month": 1,
        "total": 48,
    }


def test_leasing_pays_at_once(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease("CA", months=2)
    assert set(lease) == {
        "order_id",
        "mobile_number",
        "dialing_code",
        "area_code",
        "expire_at",
        "keep_at",
    }
    assert isinstance(lease["order_id"], str)
    assert lease["dialing_code"] == "1"
    assert len(lease["mobile_number"]) == 10
    assert moment(lease["keep_at"]) - moment(lease["expire_at"]) == timedelta(days=7)
    assert alice.money() == (6, 0)
    areas = {row["area_code"]: row for row in alice.rent("list/area")["data"]}
    assert areas["CA"]["total"] == 47
    [entry] = sandbox.books(TOKEN)
    assert (entry.id, entry.kind, entry.amount, entry.state) == (
        lease["order_id"],
        "lease",
        Decimal(4),
        "charged",
    )


def test_leases_that_are_refused(sandbox: Sandbox, alice: Client) -> None:
    assert alice.rent("get/number", area_code="XX", time=1)["code"] == 50401
    assert alice.rent("get/number", area_code="BE", time=2)["code"] == 50402
    assert alice.rent("get/number", area_code="CA", time=0)["code"] == 50402
    assert alice.rent("get/number", area_code="CA")["code"] == 50402
    assert alice.rent("get/number", area_code="JP", time=1)["code"] == 50004
    assert alice.rent("get/number", area_code="CA", time=6)["code"] == 50201
    sandbox.update_account(TOKEN, activated=False)
    assert alice.rent("get/number", area_code="CA", time=1)["code"] == 50208
    assert alice.money() == (10, 0)
    assert alice.rent("list/order")["data"]["total"] == 0


def test_renewing_prolongs_with_an_order_of_its_own(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    renewed = alice.rent("renew/number", **place(lease), time=2)["data"]
    assert renewed["order_id"] != lease["order_id"]
    assert renewed["mobile_number"] == lease["mobile_number"]
    assert moment(renewed["expire_at"]) - moment(lease["expire_at"]) == timedelta(days=60)
    assert alice.money() == (4, 0)
    assert [entry.kind for entry in sandbox.books(TOKEN)] == ["lease", "renewal"]


def test_renewals_that_are_refused(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    assert alice.rent("renew/number", **place(lease), time=0)["code"] == 50402
    assert alice.rent("renew/number", **place(lease), time=9)["code"] == 50201
    elsewhere = place(lease) | {"area_code": "XX"}
    assert alice.rent("renew/number", **elsewhere, time=1)["code"] == 50401
    unknown = place(lease) | {"mobile_number": "5140000000"}
    assert alice.rent("renew/number", **unknown, time=1)["code"] == 50404


def test_a_lease_can_be_renewed_until_keep_at(sandbox: Sandbox, alice: Client) -> None:
    kept, lost = alice.lease(), alice.lease()
    sandbox.advance(36 * DAY)  # expired, within its week
    assert not sandbox.deliver_lease(kept["mobile_number"], "nobody hears this")
    assert alice.rent("renew/number", **place(kept), time=1)["code"] == 200
    sandbox.advance(1 * DAY)
    assert alice.rent("renew/number", **place(lost), time=1)["code"] == 50404
    assert alice.rent("get/sms", **place(lost))["code"] == 404
    areas = {row["area_code"]: row for row in alice.rent("list/area")["data"]}
    assert areas["CA"]["total"] == 47


def test_cancelling_refunds(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    answer = alice.rent("cancel/order", order_id=lease["order_id"])
    assert (answer["code"], answer["data"]) == (200, "Cancel successful")
    assert alice.money() == (10, 0)
    assert alice.rent("cancel/order", order_id=lease["order_id"])["code"] == 50005
    [order] = alice.rent("list/order")["data"]["list"]
    assert order["status"] == "CANCEL"
    assert [entry.state for entry in sandbox.books(TOKEN)] == ["refunded"]


def test_cancelling_within_twenty_minutes_only(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    sandbox.advance(20 * MINUTE)
    assert alice.rent("cancel/order", order_id=lease["order_id"])["code"] == 50005
    assert alice.rent("cancel/order", order_id="1")["code"] == 50005


def test_no_cancelling_after_an_sms(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    assert sandbox.deliver_lease(lease["mobile_number"], "hello")
    assert alice.rent("cancel/order", order_id=lease["order_id"])["code"] == 50403
    assert alice.money() == (8, 0)


def test_a_number_is_cancelled_three_times_at_most(alice: Client) -> None:
    numbers = set()
    for _ in range(3):
        lease = alice.lease("HK")  # there is one number in Hong Kong
        numbers.add(lease["mobile_number"])
        assert alice.rent("cancel/order", order_id=lease["order_id"])["code"] == 200
    lease = alice.lease("HK")
    assert numbers == {lease["mobile_number"]}
    assert alice.rent("cancel/order", order_id=lease["order_id"])["code"] == 50405


def test_a_cancelled_renewal_takes_its_months_off(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    renewed = alice.rent("renew/number", **place(lease), time=1)["data"]
    assert alice.rent("cancel/order", order_id=lease["order_id"])["code"] == 50005
    assert alice.rent("cancel/order", order_id=renewed["order_id"])["code"] == 200
    [row] = alice.rent("list/number")["data"]["list"]
    assert row["expire_at"] == lease["expire_at"]
    assert alice.money() == (8, 0)
    sandbox.advance(37 * DAY)
    assert alice.rent("get/sms", **place(lease))["code"] == 404


def test_numbers_in_pages(sandbox: Sandbox, alice: Client) -> None:
    sandbox.top_up(TOKEN, 100)
    leases = [alice.lease() for _ in range(12)]
    page = alice.rent("list/number")["data"]
    assert (page["page_num"], page["page_size"], page["total_page"], page["total"]) == (
        1,
        10,
        2,
        12,
    )
    assert [row["mobile_number"] for row in page["list"]] == [
        lease["mobile_number"] for lease in leases[:1:-1]
    ]
    assert len(alice.rent("list/number", page_num=2)["data"]["list"]) == 2
    assert alice.rent("list/number", page_num=3)["data"]["list"] == []
    assert alice.rent("list/number", page_size=9999)["data"]["page_size"] == 500
    row = alice.rent("list/number", **place(leases[0]))["data"]["list"][0]
    assert row == {
        "area_code": "CA",
        "area_name": "Canada",
        "dialing_code": "1",
        "mobile_number": leases[0]["mobile_number"],
        "first_seen_at": row["first_seen_at"],
        "expire_at": leases[0]["expire_at"],
        "keep_at": leases[0]["keep_at"],
        "auto_renew": False,
        "sms_link": row["sms_link"],
        "allow_link": False,
    }
    assert alice.rent("list/number", area_code="US")["data"]["total"] == 0


def test_only_active_numbers_unless_asked(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    sandbox.advance(31 * DAY)
    assert alice.rent("list/number")["data"]["total"] == 0
    assert alice.rent("list/number", only_active="true")["data"]["total"] == 0
    page = alice.rent("list/number", only_active="false")["data"]
    assert [row["mobile_number"] for row in page["list"]] == [lease["mobile_number"]]


def test_orders_in_pages(alice: Client) -> None:
    lease = alice.lease(months=2)
    alice.rent("renew/number", **place(lease), time=1)
    page = alice.rent("list/order", page_size=1)["data"]
    assert (page["total_page"], page["total"]) == (2, 2)
    [order] = alice.rent("list/order", page_num=2, page_size=1)["data"]["list"]
    assert order == {
        "order_id": lease["order_id"],
        **place(lease),
        "area_name": "Canada",
        "dialing_code": "1",
        "rent_month": 2,
        "amount": 400,
        "status": "COMPLETED",
        "order_at": order["order_at"],
        "begin_at": order["order_at"],
        "expire_at": lease["expire_at"],
        "keep_at": lease["keep_at"],
    }


def test_sms_of_a_lease_newest_first(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    assert alice.rent("get/sms", **place(lease)) == {
        "code": 200,
        "message": "Operation Success",
        "data": None,
    }
    for text in ("one", "two", "three"):
        sandbox.deliver_lease(lease["mobile_number"], text)
    newest = alice.rent("get/sms", **place(lease))["data"]
    assert newest["content"] == "three"
    assert moment(newest["receive_at"]).utcoffset() == timedelta(0)
    page = alice.rent("list/sms", **place(lease), page_num=1, page_size=2)["data"]
    assert [row["content"] for row in page["list"]] == ["three", "two"]
    assert page["total"] == 3


@pytest.mark.parametrize("call", ["get/sms", "list/sms", "change/link/status"])
def test_lease_not_found(sandbox: Sandbox, alice: Client, call: str) -> None:
    lease = alice.lease()
    sandbox.add_account("token-of-bob")
    assert Client(sandbox, "token-of-bob").rent(call, **place(lease))["code"] == 404
    assert alice.rent(call, area_code="CA", mobile_number="1")["code"] == 404
    alice.rent("cancel/order", order_id=lease["order_id"])
    assert alice.rent(call, **place(lease))["code"] == 404


def test_the_link_shows_sms_to_anyone_while_it_is_on(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    sandbox.deliver_lease(lease["mobile_number"], "<b>4711</b>")
    [row] = alice.rent("list/number")["data"]["list"]
    with pytest.raises(HTTPError, match="404"):
        urlopen(row["sms_link"])
    assert alice.rent("change/link/status", **place(lease), status="true")["data"] is True
    with urlopen(row["sms_link"]) as page:
        assert "&lt;b&gt;4711&lt;/b&gt;" in page.read().decode()
    assert alice.rent("change/link/status", **place(lease), status="false")["data"] is False
    assert alice.rent("list/number")["data"]["list"][0]["allow_link"] is False


def test_a_lease_that_renews_itself(sandbox: Sandbox, alice: Client) -> None:
    lease = alice.lease()
    sandbox.set_auto_renew(lease["mobile_number"])
    sandbox.advance(31 * DAY)
    [row] = alice.rent("list/number")["data"]["list"]
    assert row["auto_renew"] is True
    assert moment(row["expire_at"]) - moment(lease["expire_at"]) == timedelta(days=30)
    assert alice.money() == (6, 0)
    sandbox.advance(365 * DAY)  # until the money is gone
    assert alice.money() == (0, 0)
    assert alice.rent("list/number")["data"]["total"] == 0


@pytest.mark.parametrize("code", [404, 50101])
def test_other_answers_before_the_first_sms_of_a_lease(code: int) -> None:
    with Sandbox(shape=Shape(no_lease_sms=code)) as sandbox:
        sandbox.add_account(TOKEN)
        alice = Client(sandbox)
        lease = alice.lease()
        assert alice.rent("get/sms", **place(lease))["code"] == code
