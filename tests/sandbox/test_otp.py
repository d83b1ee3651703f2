"""The OTP service by the book: every success, every documented code, and the money behind each."""

from decimal import Decimal

import pytest

from sandbox.server import Sandbox
from tests.sandbox.client import FRANCE, PAYPAL, TELEGRAM, UNITED_STATES, WHATSAPP, Client

MINUTES = 60


def test_balance_is_a_number_of_dollars(alice: Client) -> None:
    answer = alice.otp("get/balance")
    assert answer == {
        "code": 200,
        "message": "Operation Success",
        "data": {"balance": 10, "frozen": 0},
    }


def test_countries_are_the_48_documented_ones(alice: Client) -> None:
    countries = alice.otp("list/countries")["data"]
    assert len(countries) == 48
    assert countries["80"] == {"id": 80, "title": "France", "code": "fr"}


def test_projects_are_hundreds_with_unique_codes(alice: Client) -> None:
    projects = alice.otp("list/projects")["data"]
    assert len(projects) >= 300
    assert projects["3"] == {"id": 3, "title": "Telegram", "code": "tg"}
    assert len({row["code"] for row in projects.values()}) == len(projects)


def test_prices_of_a_country_are_keyed_by_project(alice: Client) -> None:
    prices = alice.otp("list/prices", country_id=UNITED_STATES)["data"]
    assert prices["3"] == {
        "country_id": 5,
        "project_id": 3,
        "cost": Decimal("0.14"),
        "total_count": 100,
        "title": "United States of America",
        "code": "us",
    }
    costs = [row["cost"] for row in prices.values()]
    assert Decimal("0.05") <= min(costs) <= max(costs) <= Decimal("3.50")
    assert any(row["total_count"] == 0 for row in prices.values())


@pytest.mark.parametrize("country_id", ["999", "", "us"])
def test_prices_of_an_unknown_country(alice: Client, country_id: str) -> None:
    assert alice.otp("list/prices", country_id=country_id)["code"] == 50001


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("get/balance", 401),
        ("list/countries", 401),
        ("list/projects", 401),
        ("list/prices", 401),
        ("get/number", 401),
        ("get/sms", 401),
        ("cancel", 401),
        ("reuse", 400),  # sic
    ],
)
def test_wrong_token(sandbox: Sandbox, call: str, code: int) -> None:
    answer = Client(sandbox, "nobody's").otp(call)
    assert (answer["code"], answer["data"]) == (code, None)


def test_buying_freezes_the_price_and_takes_one_from_stock(alice: Client) -> None:
    sold = alice.buy()
    assert sold == {"request_id": 124, "number": sold["number"]}
    assert sold["number"].startswith("1")
    assert sold["number"].isdigit()
    assert alice.money() == (Decimal("9.86"), Decimal("0.14"))
    prices = alice.otp("list/prices", country_id=UNITED_STATES)["data"]
    assert prices["3"]["total_count"] == 99


def test_the_sms_turns_the_hold_into_a_charge(sandbox: Sandbox, alice: Client) -> None:
    request_id = alice.buy()["request_id"]
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50101
    assert sandbox.deliver(request_id, "077866")
    assert alice.otp("get/sms", request_id=request_id)["data"] == "077866"
    assert alice.money() == (Decimal("9.86"), 0)


def test_a_second_sms_takes_the_place_of_the_first_and_costs_nothing(
    sandbox: Sandbox, alice: Client
) -> None:
    request_id = alice.buy()["request_id"]
    sandbox.deliver(request_id, "first")
    sandbox.deliver(request_id, "second")
    assert alice.otp("get/sms", request_id=request_id)["data"] == "second"
    assert alice.money() == (Decimal("9.86"), 0)


def test_cancel_releases_money_and_number_and_says_nothing(alice: Client) -> None:
    request_id = alice.buy()["request_id"]
    assert alice.otp("cancel", request_id=request_id) == {
        "code": 200,
        "message": "Operation Success",
    }
    assert alice.money() == (10, 0)
    prices = alice.otp("list/prices", country_id=UNITED_STATES)["data"]
    assert prices["3"]["total_count"] == 100
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50102
    assert alice.otp("cancel", request_id=request_id)["code"] == 50103


def test_an_sms_comes_before_the_cancel_or_never(sandbox: Sandbox, alice: Client) -> None:
    first, second = alice.buy()["request_id"], alice.buy()["request_id"]
    assert sandbox.deliver(first, "1")
    assert alice.otp("cancel", request_id=first)["code"] == 50103
    assert alice.otp("cancel", request_id=second)["code"] == 200
    assert not sandbox.deliver(second, "2")
    assert [entry.state for entry in sandbox.books(alice.token)] == ["charged", "released"]


def test_a_request_times_out_after_twenty_minutes(sandbox: Sandbox, alice: Client) -> None:
    request_id = alice.buy()["request_id"]
    sandbox.advance(19 * MINUTES)
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50101
    sandbox.advance(1 * MINUTES)
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50102
    assert alice.otp("cancel", request_id=request_id)["code"] == 50103
    assert not sandbox.deliver(request_id, "too late")
    assert alice.money() == (10, 0)


def test_a_received_sms_is_readable_until_the_time_is_up(sandbox: Sandbox, alice: Client) -> None:
    request_id = alice.buy()["request_id"]
    sandbox.deliver(request_id, "429916")
    sandbox.advance(19 * MINUTES)
    assert alice.otp("get/sms", request_id=request_id)["data"] == "429916"
    sandbox.advance(1 * MINUTES)
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50102
    assert alice.money() == (Decimal("9.86"), 0)


def test_another_account_sees_nothing_of_a_request(sandbox: Sandbox, alice: Client) -> None:
    sandbox.add_account("token-of-bob")
    bob = Client(sandbox, "token-of-bob")
    request_id = alice.buy()["request_id"]
    assert bob.otp("get/sms", request_id=request_id)["code"] == 50102
    assert bob.otp("cancel", request_id=request_id)["code"] == 50103
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50101


def test_no_number_when_the_offer_is_sold_out_or_does_not_exist(
    sandbox: Sandbox, alice: Client
) -> None:
    sandbox.set_price(UNITED_STATES, TELEGRAM, stock=0)
    for project_id in (TELEGRAM, 99999, ""):
        answer = alice.otp("get/number", country_id=UNITED_STATES, project_id=project_id)
        assert answer["code"] == 50002
    assert alice.money() == (10, 0)


def test_too_many_waiting_requests(sandbox: Sandbox, alice: Client) -> None:
    sandbox.update_account(alice.token, waiting_limit=2)
    first = alice.buy()["request_id"]
    alice.buy()
    again = {"country_id": UNITED_STATES, "project_id": TELEGRAM}
    assert alice.otp("get/number", **again)["code"] == 50104
    sandbox.deliver(first, "1234")  # one that has its SMS does not wait
    assert alice.otp("get/number", **again)["code"] == 200


def test_balance_not_enough(sandbox: Sandbox, alice: Client) -> None:
    sandbox.set_price(FRANCE, WHATSAPP, cost="10.0001", stock=1)
    answer = alice.otp("get/number", country_id=FRANCE, project_id=WHATSAPP)
    assert answer["code"] == 50201
    assert alice.money() == (10, 0)
    prices = alice.otp("list/prices", country_id=FRANCE)["data"]
    assert prices[str(WHATSAPP)]["total_count"] == 1
    sandbox.top_up(alice.token, "0.0001")
    assert alice.otp("get/number", country_id=FRANCE, project_id=WHATSAPP)["code"] == 200


def test_an_account_that_is_not_activated_buys_nothing(sandbox: Sandbox, alice: Client) -> None:
    sandbox.update_account(alice.token, activated=False)
    place = {"country_id": UNITED_STATES, "project_id": TELEGRAM}
    assert alice.otp("get/number", **place)["code"] == 50208
    assert alice.otp("reuse", **place, mobile_number="17548003793")["code"] == 50208
    assert alice.otp("get/balance")["code"] == 200


def test_a_block_names_its_end_and_ends(sandbox: Sandbox, alice: Client) -> None:
    until = sandbox.world.clock.iso(sandbox.block(alice.token, TELEGRAM))
    place = {"country_id": UNITED_STATES, "project_id": TELEGRAM}
    answer = alice.otp("get/number", **place)
    assert answer["code"] == 50214
    assert until in answer["message"]
    assert alice.otp("get/number", country_id=FRANCE, project_id=PAYPAL)["code"] == 200
    sandbox.advance(24 * 60 * MINUTES + 1)
    assert alice.otp("get/number", **place)["code"] == 200


def test_a_revoked_token_is_a_wrong_one_and_its_requests_live_on(
    sandbox: Sandbox, alice: Client
) -> None:
    request_id = alice.buy()["request_id"]
    sandbox.update_account(alice.token, revoked=True)
    assert alice.otp("get/sms", request_id=request_id)["code"] == 401
    sandbox.deliver(request_id, "1234")
    sandbox.update_account(alice.token, revoked=False)
    assert alice.otp("get/sms", request_id=request_id)["data"] == "1234"


def test_the_referral_id_is_in_the_books(sandbox: Sandbox, alice: Client) -> None:
    place = {"country_id": UNITED_STATES, "project_id": TELEGRAM}
    sold = alice.otp("get/number", **place, refer_id="r-1")["data"]
    sandbox.deliver(sold["request_id"], "1")
    alice.otp("reuse", **place, mobile_number=sold["number"], refer_id="r-2")
    assert [entry.refer_id for entry in sandbox.books(alice.token)] == ["r-1", "r-2"]


@pytest.mark.parametrize("nasty", ["\x00", "\ud800", "\u202eabc", "a\u200bb", "<b>\n</b>", "🚌"])
def test_any_text_arrives_as_it_was_sent(sandbox: Sandbox, alice: Client, nasty: str) -> None:
    request_id = alice.buy()["request_id"]
    sandbox.deliver(request_id, nasty)
    assert alice.otp("get/sms", request_id=request_id)["data"] == nasty


def test_all_money_is_somewhere(sandbox: Sandbox, alice: Client) -> None:
    kept, cancelled, expired = (alice.buy()["request_id"] for _ in range(3))
    sandbox.deliver(kept, "1")
    alice.otp("cancel", request_id=cancelled)
    sandbox.advance(20 * MINUTES)
    alice.buy()
    account = sandbox.world.account(alice.token)
    assert account.balance + account.frozen + account.paid == account.deposited == 10
    assert (account.paid, account.frozen) == (Decimal("0.14"), Decimal("0.14"))
    states = {entry.id: entry.state for entry in sandbox.books(alice.token)}
    assert states[str(expired)] == "released"
