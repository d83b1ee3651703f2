"""Misbehaviour on demand, as a client sees it on the wire, and what it did to the books."""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.faults import KINDS
from sandbox.server import Sandbox
from tests.sandbox.client import README, TELEGRAM, TOKEN, UNITED_STATES, Client

PLACE = {"country_id": UNITED_STATES, "project_id": TELEGRAM}
BUY = f"/api/control/get/number?token={TOKEN}&country_id={UNITED_STATES}&project_id={TELEGRAM}"


def fetch(
    sandbox: Sandbox, path: str, timeout: float = 5
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def bought(sandbox: Sandbox) -> int:
    return len(sandbox.books(TOKEN))


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize(
    ("kind", "error"),
    [("reset", ConnectionResetError), ("drop", http.client.RemoteDisconnected)],
)
def test_a_connection_lost_in_place_of_the_answer(
    sandbox: Sandbox, kind: str, error: type[Exception], applied: bool
) -> None:
    sandbox.fault("get/number", kind, applied=applied)
    with pytest.raises(error):
        fetch(sandbox, BUY)
    assert bought(sandbox) == applied
    assert [(call.name, call.fault) for call in sandbox.calls] == [("get/number", kind)]
    assert (sandbox.calls[0].code == 200) == applied
    fetch(sandbox, BUY)
    assert bought(sandbox) == applied + 1


@pytest.mark.parametrize("applied", [True, False])
def test_a_time_out_before_the_answer(sandbox: Sandbox, applied: bool) -> None:
    sandbox.fault("get/number", "hang", seconds=30, applied=applied)
    with pytest.raises(TimeoutError):
        fetch(sandbox, BUY, timeout=0.1)
    assert bought(sandbox) == applied


def test_a_hang_ends_with_the_answer_or_without(sandbox: Sandbox) -> None:
    sandbox.fault("get/number", "hang", seconds=0.1, applied=True)
    sandbox.fault("get/number", "hang", seconds=0.1, applied=False)
    assert json.loads(fetch(sandbox, BUY)[1])["code"] == 200
    with pytest.raises(http.client.RemoteDisconnected):
        fetch(sandbox, BUY)
    assert bought(sandbox) == 1


def test_an_effect_that_comes_after_the_client_has_gone(sandbox: Sandbox) -> None:
    sandbox.fault("get/number", "hang", seconds=0.2, applied="late")
    with pytest.raises(TimeoutError):
        fetch(sandbox, BUY, timeout=0.1)
    assert bought(sandbox) == 0
    deadline = time.monotonic() + 5
    while not bought(sandbox) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert bought(sandbox) == 1


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_page_of_html_from_the_gateway(sandbox: Sandbox, status: int, applied: bool) -> None:
    sandbox.fault("get/number", "http_error", status=status, applied=applied)
    answer, body = fetch(sandbox, BUY)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Retry-After"] is None
    assert body.startswith(b"<html>")
    assert bought(sandbox) == applied


def test_too_many_requests_with_retry_after(sandbox: Sandbox) -> None:
    sandbox.fault("get/sms", "http_error", status=429, retry_after=7)
    answer, _ = fetch(sandbox, "/api/control/get/sms")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


def test_a_redirect_and_the_trap_behind_it(sandbox: Sandbox) -> None:
    sandbox.fault("get/balance", "redirect")
    with pytest.raises(urllib.error.HTTPError, match="404"):  # urllib follows
        urllib.request.urlopen(f"{sandbox.api_url}/get/balance?token={TOKEN}")
    assert [call.name for call in sandbox.calls] == ["get/balance", "trap"]


def test_a_redirect_to_somewhere_else(sandbox: Sandbox) -> None:
    sandbox.fault("get/balance", "redirect", location="http://127.0.0.1:9/")
    answer, _ = fetch(sandbox, f"/api/control/get/balance?token={TOKEN}")
    assert (answer.status, answer.headers["Location"]) == (302, "http://127.0.0.1:9/")


@pytest.mark.parametrize("applied", [True, False])
def test_an_unknown_code(sandbox: Sandbox, applied: bool) -> None:
    sandbox.fault("get/number", "unknown_code", code=50999, message="Hm", applied=applied)
    assert json.loads(fetch(sandbox, BUY)[1]) == {"code": 50999, "message": "Hm", "data": None}
    assert bought(sandbox) == applied


@pytest.mark.parametrize("applied", [True, False])
def test_malformed_json(sandbox: Sandbox, applied: bool) -> None:
    sandbox.fault("get/number", "malformed", applied=applied)
    with pytest.raises(json.JSONDecodeError):
        json.loads(fetch(sandbox, BUY)[1])
    assert bought(sandbox) == applied


def test_any_body(sandbox: Sandbox) -> None:
    sandbox.fault("get/balance", "body", text="NO_BALANCE")
    assert fetch(sandbox, f"/api/control/get/balance?token={TOKEN}")[1] == b"NO_BALANCE"


def test_any_bytes_under_any_head(sandbox: Sandbox) -> None:
    head = {"status": 502, "headers": {"Content-Encoding": "gzip"}}
    sandbox.fault("get/balance", "body", text="\x1f\x8b\xff", encoding="latin-1", **head)
    answer, body = fetch(sandbox, f"/api/control/get/balance?token={TOKEN}")
    assert (answer.status, answer.headers["Content-Encoding"]) == (502, "gzip")
    assert body == b"\x1f\x8b\xff"


def test_deeply_nested_json(sandbox: Sandbox) -> None:
    sandbox.fault("get/number", "deep", depth=50_000)
    with pytest.raises(RecursionError):
        json.loads(fetch(sandbox, BUY)[1])


def test_enormous_json(sandbox: Sandbox) -> None:
    sandbox.fault("get/sms", "enormous", size=3_000_000)
    body = fetch(sandbox, "/api/control/get/sms")[1]
    assert len(body) == 3_000_000
    assert json.loads(body)["code"] == 200


@pytest.mark.parametrize(("kind", "text"), [("nan", b"NaN"), ("infinity", b"Infinity")])
def test_numbers_that_are_none(sandbox: Sandbox, kind: str, text: bytes) -> None:
    sandbox.fault("get/balance", kind)
    body = fetch(sandbox, f"/api/control/get/balance?token={TOKEN}")[1]
    assert body.count(text) == 2
    assert b'"code": 200' in body


@pytest.mark.parametrize(
    ("kind", "options", "gone"),
    [
        ("missing", {"field": "request_id"}, "request_id"),
        ("missing", {"field": "data"}, "data"),
        ("missing", {"field": "code"}, "code"),
        ("no_data", {}, "data"),
    ],
)
def test_missing_fields(sandbox: Sandbox, kind: str, options: dict[str, Any], gone: str) -> None:
    sandbox.fault("get/number", kind, **options)
    assert f'"{gone}"'.encode() not in fetch(sandbox, BUY)[1]
    assert bought(sandbox) == 1


def test_mistyped_fields(sandbox: Sandbox, alice: Client) -> None:
    sandbox.fault("get/number", "mistyped", field="number", value=[1])
    sandbox.fault("list/prices", "mistyped", field="cost", value="a lot")
    assert alice.otp("get/number", **PLACE)["data"]["number"] == [1]
    prices = alice.otp("list/prices", country_id=UNITED_STATES)["data"]
    assert {row["cost"] for row in prices.values()} == {"a lot"}


def test_shapes_for_one_answer(sandbox: Sandbox, alice: Client) -> None:
    sandbox.fault("list/countries", "string_codes")
    sandbox.fault("list/countries", "lists")
    assert alice.otp("list/countries")["code"] == "200"
    assert isinstance(alice.otp("list/countries")["data"], list)
    assert isinstance(alice.otp("list/countries")["data"], dict)


def test_half_of_the_announced_body(sandbox: Sandbox) -> None:
    sandbox.fault("get/number", "truncate")
    with pytest.raises(http.client.IncompleteRead):
        fetch(sandbox, BUY)
    assert bought(sandbox) == 1


def test_one_byte_at_a_time(sandbox: Sandbox) -> None:
    sandbox.fault("get/balance", "slow", interval=0.002)
    started = time.monotonic()
    body = fetch(sandbox, f"/api/control/get/balance?token={TOKEN}")[1]
    assert json.loads(body)["code"] == 200
    assert time.monotonic() - started >= len(body) * 0.002


def test_an_endless_body(sandbox: Sandbox) -> None:
    sandbox.fault("get/balance", "endless")
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=5)
    connection.request("GET", f"/api/control/get/balance?token={TOKEN}")
    answer = connection.getresponse()
    assert len(answer.read(5_000_000)) == 5_000_000
    answer.close()
    connection.close()
    assert fetch(sandbox, BUY)[0].status == 200


def test_a_certificate_nobody_trusts() -> None:
    with Sandbox(tls="self-signed") as sandbox:
        sandbox.add_account(TOKEN)
        url = f"{sandbox.api_url}/get/balance?token={TOKEN}"
        assert url.startswith("https://")
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(url)
        assert sandbox.calls == []
        trusting = ssl.create_default_context(cafile=str(sandbox.certificate))
        with urllib.request.urlopen(url, context=trusting) as answer:
            assert json.loads(answer.read())["code"] == 200


@pytest.mark.parametrize(("options", "cost"), [({}, "0.28"), ({"cost": "0.5"}, "0.50")])
def test_a_price_that_changes_between_list_and_buy(
    sandbox: Sandbox, alice: Client, options: dict[str, Any], cost: str
) -> None:
    sandbox.fault("get/number", "price_change", **options)
    assert alice.otp("list/prices", country_id=UNITED_STATES)["data"]["3"]["cost"] == Decimal(
        "0.14"
    )
    alice.buy()
    assert alice.money()[1] == Decimal(cost)


def test_a_refund_that_never_comes(sandbox: Sandbox, alice: Client) -> None:
    sandbox.fault("cancel", "no_refund")
    sandbox.fault("expire", "no_refund")
    sandbox.fault("rent/cancel/order", "no_refund")
    cancelled, _ = alice.buy(), alice.buy()
    lease = alice.lease()
    assert alice.otp("cancel", request_id=cancelled["request_id"])["code"] == 200
    assert alice.rent("cancel/order", order_id=lease["order_id"])["code"] == 200
    sandbox.advance(20 * 60)
    assert alice.money() == (Decimal("7.72"), Decimal("0.28"))
    assert [entry.state for entry in sandbox.books(TOKEN)] == ["withheld"] * 3
    third = alice.buy()
    alice.otp("cancel", request_id=third["request_id"])
    assert alice.money() == (Decimal("7.72"), Decimal("0.28"))


def test_times_that_are_an_hour_off(sandbox: Sandbox, alice: Client) -> None:
    sandbox.fault("rent/get/number", "clock_skew", seconds=3600)
    wrong = datetime.fromisoformat(alice.lease()["expire_at"])
    [order] = alice.rent("list/order")["data"]["list"]
    assert wrong - datetime.fromisoformat(order["expire_at"]) == timedelta(hours=1)


def test_a_script_is_played_in_order(sandbox: Sandbox, alice: Client) -> None:
    sandbox.fault("get/sms", "none", times=2)
    sandbox.fault("get/sms", "unknown_code", times=2)
    sandbox.fault("*", "unknown_code", code=1, times=None)
    codes = [alice.otp("get/sms", request_id=1)["code"] for _ in range(5)]
    assert codes == [50102, 50102, 59999, 59999, 1]
    assert alice.otp("get/balance")["code"] == 1
    sandbox.clear_faults()
    assert alice.otp("get/balance")["code"] == 200


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s.fault("get/money", "reset"),
        lambda s: s.fault("get/sms", "explode"),
        lambda s: s.fault("get/sms", "reset", seconds=1),
        lambda s: s.fault("get/sms", "hang", seconds="long"),
        lambda s: s.fault("get/sms", "reset", applied="late"),
        lambda s: s.fault("get/number", "nan", applied=False),
        lambda s: s.fault("get/sms", "no_refund"),
        lambda s: s.fault("get/sms", "body", encoding="klingon"),
        lambda s: s.fault("get/sms", "body", text="\u20ac", encoding="latin-1"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused(
    sandbox: Sandbox, ask: Callable[[Sandbox], None]
) -> None:
    with pytest.raises(ValueError):
        ask(sandbox)


def test_every_fault_is_described() -> None:
    readme = README.read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in readme] == []
