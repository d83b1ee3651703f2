"""Demo mode: SMS that come by themselves, some seconds after the purchase."""

from collections.abc import Iterator

import pytest

from sandbox.server import Sandbox
from tests.sandbox.client import TOKEN, Client


@pytest.fixture
def demo() -> Iterator[Sandbox]:
    with Sandbox(demo_seconds=6) as sandbox:
        sandbox.add_account(TOKEN, 100, waiting_limit=50)
        yield sandbox


def test_an_sms_comes_after_four_to_nine_seconds(demo: Sandbox) -> None:
    alice = Client(demo)
    request_id = alice.buy()["request_id"]
    demo.advance(3.5)
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50101
    demo.advance(5.5)
    text = alice.otp("get/sms", request_id=request_id)["data"]
    assert text.startswith("Telegram code: ")
    assert alice.money()[1] == 0


def test_some_codes_start_with_a_zero(demo: Sandbox) -> None:
    alice = Client(demo)
    requests = [alice.buy()["request_id"] for _ in range(30)]
    demo.advance(9)
    texts = [alice.otp("get/sms", request_id=request_id)["data"] for request_id in requests]
    assert len(set(texts)) == 30
    assert any(text.startswith("Telegram code: 0") for text in texts)


def test_the_balance_knows_of_the_sms_before_anybody_polls(demo: Sandbox) -> None:
    alice = Client(demo)
    alice.buy()
    assert alice.money()[1] > 0
    demo.advance(9)
    assert alice.money()[1] == 0


def test_a_leased_number_gets_one_after_a_minute(demo: Sandbox) -> None:
    alice = Client(demo)
    lease = alice.lease()
    demo.advance(61)
    where = {"area_code": "CA", "mobile_number": lease["mobile_number"]}
    assert alice.rent("list/sms", **where)["data"]["total"] == 1


def test_what_is_cancelled_gets_none(demo: Sandbox) -> None:
    alice = Client(demo)
    request_id = alice.buy()["request_id"]
    alice.otp("cancel", request_id=request_id)
    demo.advance(9)
    assert [entry.state for entry in demo.books(TOKEN)] == ["released"]
