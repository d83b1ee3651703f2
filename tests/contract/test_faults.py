"""What a provider can do wrong: a purchase is sent once, its doubt told; a read may be repeated.

The faults that need no provider (no route, no name, no trust) are in `tests/smsbus`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sandbox.calls import Shape
from sandbox.server import Sandbox
from smsbus import (
    Answer,
    AnswerLost,
    BadAnswer,
    Client,
    NotSent,
    Price,
    RateLimited,
    SmsBusError,
    UnknownCode,
    WrongToken,
    wire,
)
from smsbus.polling import AsyncTransport
from tests.contract.cast import ALICE, CANADA, TELEGRAM, US, ask

FAULTS: list[tuple[str, dict[str, Any], type[SmsBusError]]] = [
    ("hang", {"applied": True}, AnswerLost),
    ("hang", {"applied": False}, AnswerLost),
    ("reset", {"applied": True}, AnswerLost),
    ("reset", {"applied": False}, AnswerLost),
    ("drop", {}, AnswerLost),
    ("truncate", {}, AnswerLost),
    ("slow", {"interval": 0.05}, AnswerLost),
    ("endless", {}, AnswerLost),
    ("enormous", {}, AnswerLost),
    ("http_error", {"status": 500}, BadAnswer),
    ("http_error", {"status": 502, "applied": True}, BadAnswer),
    ("http_error", {"status": 404}, BadAnswer),
    ("http_error", {"status": 429}, RateLimited),
    ("http_error", {"status": 429, "retry_after": 7}, RateLimited),
    ("redirect", {}, BadAnswer),
    ("unknown_code", {}, UnknownCode),
    ("unknown_code", {"code": 50101}, SmsBusError),
    ("body", {"text": ""}, BadAnswer),
    ("body", {"text": "OK"}, BadAnswer),
    ("malformed", {}, BadAnswer),
    ("deep", {"depth": 20_000}, BadAnswer),
    ("deep", {}, AnswerLost),
    ("no_data", {}, BadAnswer),
]
every_fault = pytest.mark.parametrize(
    ("kind", "options", "error"), FAULTS, ids=[f"{kind} {options}" for kind, options, _ in FAULTS]
)
PURCHASES = [wire.get_number(US, TELEGRAM), wire.rent_get_number(CANADA, 1)]


@pytest.fixture
def hasty(sandbox: Sandbox) -> Client:
    return Client(ALICE, api_url=sandbox.api_url, rent_url=sandbox.rent_url, deadline=0.3)


def sent(sandbox: Sandbox, name: str) -> int:
    return [call.name for call in sandbox.calls].count(name)


@every_fault
@pytest.mark.parametrize("call", PURCHASES, ids=lambda call: call.name)
def test_a_purchase_in_doubt_is_unknown_and_sent_once(
    sandbox: Sandbox,
    hasty: Client,
    call: wire.Call[Any],
    kind: str,
    options: dict[str, Any],
    error: type[SmsBusError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.fault(call.name, kind, times=None, **options)
    with pytest.raises(error) as caught:
        ask(hasty, call)
    assert caught.value.outcome_unknown
    assert not caught.value.retry_safe
    assert sent(sandbox, call.name) == 1
    assert sandbox.service.counts["trap"] == 0
    assert ALICE not in f"{caught.value!r} {vars(caught.value)} {caplog.text}"


@pytest.mark.parametrize("field", ["request_id", "number"])
@pytest.mark.parametrize("kind", ["missing", "mistyped"])
def test_a_purchase_without_its_fields_is_unknown(
    sandbox: Sandbox, alice: Client, kind: str, field: str
) -> None:
    sandbox.fault("get/number", kind, field=field)
    with pytest.raises(BadAnswer, match=field) as caught:
        alice.get_number(US, TELEGRAM)
    assert caught.value.outcome_unknown
    assert len(sandbox.books(ALICE)) == 1


def send_with_requests(sandbox: Sandbox, call: wire.Call[Any]) -> Answer:
    client = Client(ALICE, api_url=sandbox.api_url, rent_url=sandbox.rent_url, deadline=0.3)
    return client.send(call)


def send_with_aiohttp(sandbox: Sandbox, call: wire.Call[Any]) -> Answer:
    async def main() -> Answer:
        urls = sandbox.api_url, sandbox.rent_url
        async with AsyncTransport(*urls, deadline=0.3) as transport:
            return await transport.send(call, ALICE)

    return asyncio.run(main())


@every_fault
@pytest.mark.parametrize("send", [send_with_requests, send_with_aiohttp])
def test_a_poll_that_went_wrong_may_be_repeated_and_finds_the_sms(
    sandbox: Sandbox,
    alice: Client,
    send: Callable[[Sandbox, wire.Call[str]], Answer],
    kind: str,
    options: dict[str, Any],
    error: type[SmsBusError],
) -> None:
    bought = alice.get_number(US, TELEGRAM)
    sandbox.deliver(bought.request_id, "077866")
    sandbox.fault("get/sms", kind, **options)
    call = wire.get_sms(bought.request_id)
    with pytest.raises(error) as caught:
        call.read(send(sandbox, call))
    assert caught.value.retry_safe
    assert not caught.value.outcome_unknown
    assert sent(sandbox, "get/sms") == 1
    assert call.read(send(sandbox, call)) == "077866"


@pytest.mark.parametrize("kind", ["nan", "infinity"])
def test_what_is_not_a_number_is_no_money(sandbox: Sandbox, alice: Client, kind: str) -> None:
    sandbox.fault("*", kind, times=2)
    with pytest.raises(BadAnswer):
        alice.get_balance()
    with pytest.raises(BadAnswer):
        alice.list_prices(US)


def test_a_429_carries_its_pause(sandbox: Sandbox, alice: Client) -> None:
    sandbox.fault("get/sms", "http_error", status=429, retry_after=7)
    with pytest.raises(RateLimited) as caught:
        alice.get_sms("124")
    assert caught.value.retry_after == 7.0


def test_an_untrusted_certificate_is_never_talked_to() -> None:
    with Sandbox(tls="self-signed") as sandbox:
        sandbox.add_account(ALICE)
        urls = {"api_url": sandbox.api_url, "rent_url": sandbox.rent_url}
        with pytest.raises(NotSent, match="certificate not trusted") as caught:
            Client(ALICE, **urls).get_number(US, TELEGRAM)
        assert caught.value.retry_safe
        assert not sandbox.calls
        trusting = Client(ALICE, **urls, ca_bundle=str(sandbox.certificate))
        assert trusting.get_balance().balance == 10


@pytest.mark.parametrize(
    "shape",
    [
        Shape(string_codes=True),
        Shape(lists=True),
        Shape(prices_keyed_by="country"),
        Shape(string_codes=True, lists=True, prices_keyed_by="country"),
    ],
    ids=str,
)
def test_the_shapes_seen_in_the_wild_mean_the_same(shape: Shape) -> None:
    with Sandbox(shape=shape) as sandbox:
        sandbox.add_account(ALICE)
        sandbox.set_price(int(US), int(TELEGRAM), cost="0.14", stock=100)
        urls = {"api_url": sandbox.api_url, "rent_url": sandbox.rent_url}
        client = Client(ALICE, **urls)
        assert len(client.list_countries()) == 48
        price = next(p for p in client.list_prices(US) if p.project_id == TELEGRAM)
        assert price == Price(US, TELEGRAM, Decimal("0.14"), 100)
        bought = client.get_number(US, TELEGRAM)
        sandbox.deliver(bought.request_id, "077866")
        assert client.get_sms(bought.request_id) == "077866"
        with pytest.raises(WrongToken):
            Client("ffffffff", **urls).get_balance()
