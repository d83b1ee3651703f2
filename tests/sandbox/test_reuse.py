"""Using a number again: the rules of ``/reuse`` and of ``get/number`` with ``reuse``."""

from decimal import Decimal

import pytest

from sandbox.server import Sandbox
from tests.sandbox.client import FRANCE, TELEGRAM, UNITED_STATES, WHATSAPP, Client

PLACE = {"country_id": UNITED_STATES, "project_id": TELEGRAM}


@pytest.fixture
def number(sandbox: Sandbox, alice: Client) -> str:
    """A number of Alice's whose SMS has come."""
    sold = alice.buy()
    sandbox.deliver(sold["request_id"], "111111")
    return sold["number"]


def test_reuse_opens_a_new_request_on_the_same_number(
    sandbox: Sandbox, alice: Client, number: str
) -> None:
    again = alice.otp("reuse", **PLACE, mobile_number=number)["data"]
    assert again == {"request_id": 125, "number": number}
    assert alice.money() == (Decimal("9.72"), Decimal("0.14"))
    assert alice.otp("get/sms", request_id=125)["code"] == 50101
    sandbox.deliver(125, "222222")
    assert alice.otp("get/sms", request_id=125)["data"] == "222222"
    assert alice.otp("get/sms", request_id=124)["data"] == "111111"
    assert [entry.kind for entry in sandbox.books(alice.token)] == ["number", "reuse"]


def test_reuse_costs_the_price_of_now_and_no_stock(
    sandbox: Sandbox, alice: Client, number: str
) -> None:
    sandbox.set_price(**PLACE, cost="0.20", stock=0)
    assert alice.otp("reuse", **PLACE, mobile_number=number)["code"] == 200
    assert alice.money()[1] == Decimal("0.20")


def test_a_cancelled_reuse_gives_the_money_back(alice: Client, number: str) -> None:
    again = alice.otp("reuse", **PLACE, mobile_number=number)["data"]
    assert alice.otp("cancel", request_id=again["request_id"])["code"] == 200
    assert alice.money() == (Decimal("9.86"), 0)


@pytest.mark.parametrize("country_id", [999, ""])
def test_no_service_for_the_country(alice: Client, number: str, country_id: object) -> None:
    place = {"country_id": country_id, "project_id": TELEGRAM}
    assert alice.otp("reuse", **place, mobile_number=number)["code"] == 50001


@pytest.mark.parametrize("prefix", ["9", "+", "00"])
def test_the_number_does_not_exist(alice: Client, number: str, prefix: str) -> None:
    assert alice.otp("reuse", **PLACE, mobile_number=prefix + number)["code"] == 50007


def test_the_number_of_another_account_does_not_exist(sandbox: Sandbox, number: str) -> None:
    sandbox.add_account("token-of-bob")
    bob = Client(sandbox, "token-of-bob")
    assert bob.otp("reuse", **PLACE, mobile_number=number)["code"] == 50007


def test_a_number_of_another_service_cannot_be_reused(alice: Client, number: str) -> None:
    for place in ((UNITED_STATES, WHATSAPP), (FRANCE, TELEGRAM)):
        where = dict(zip(("country_id", "project_id"), place, strict=True))
        assert alice.otp("reuse", **where, mobile_number=number)["code"] == 50107


def test_some_offers_are_not_reusable(sandbox: Sandbox, alice: Client) -> None:
    sandbox.set_price(**PLACE, reusable=False)
    assert alice.otp("get/number", **PLACE, reuse="true")["code"] == 50002
    sold = alice.otp("get/number", **PLACE, reuse="false")["data"]
    sandbox.deliver(sold["request_id"], "1")
    assert alice.otp("reuse", **PLACE, mobile_number=sold["number"])["code"] == 50107


def test_a_number_without_its_sms_cannot_be_reused(alice: Client) -> None:
    sold = alice.otp("get/number", **PLACE, reuse="true")["data"]
    assert alice.otp("reuse", **PLACE, mobile_number=sold["number"])["code"] == 50108
    alice.otp("cancel", request_id=sold["request_id"])
    assert alice.otp("reuse", **PLACE, mobile_number=sold["number"])["code"] == 50108


def test_two_clicks_reuse_once(alice: Client, number: str) -> None:
    codes = [alice.otp("reuse", **PLACE, mobile_number=number)["code"] for _ in range(2)]
    assert codes == [200, 50108]


def test_a_number_expires_twenty_minutes_after_it_was_first_sold(
    sandbox: Sandbox, alice: Client, number: str
) -> None:
    sandbox.advance(19 * 60)
    again = alice.otp("reuse", **PLACE, mobile_number=number)["data"]
    sandbox.deliver(again["request_id"], "2")
    sandbox.advance(60)
    assert alice.otp("reuse", **PLACE, mobile_number=number)["code"] == 50109
    assert alice.otp("get/sms", request_id=again["request_id"])["data"] == "2"


def test_reuse_needs_money_too(sandbox: Sandbox, alice: Client, number: str) -> None:
    sandbox.top_up(alice.token, "-9.86")
    assert alice.otp("reuse", **PLACE, mobile_number=number)["code"] == 50201
