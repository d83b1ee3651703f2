"""Whoever counts calls is told of each, by both transports, and of nothing else."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

import smsbus
from sandbox.server import Sandbox
from smsbus import observing, wire
from smsbus.call import Answer
from smsbus.polling import AsyncTransport

Told = list[tuple[str, str, float | None]]
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def told() -> Iterator[Told]:
    told: Told = []
    observing.observe(lambda *what: told.append(what))
    yield told
    observing.observe(None)


@pytest.fixture
def provider() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as provider:
        provider.add_account("a-token-of-the-test")
        yield provider


def outcomes(told: Told) -> list[tuple[str, str, bool]]:
    return [(name, outcome, seconds is not None) for name, outcome, seconds in told]


def test_an_answer_and_a_refusal_are_answers(told: Told, provider: Sandbox) -> None:
    for token in ("a-token-of-the-test", "no-such-token"):
        client = smsbus.Client(token, api_url=provider.api_url, rent_url=provider.rent_url)
        with contextlib.suppress(smsbus.WrongToken):
            client.get_balance()
    assert outcomes(told) == [("get/balance", "answered", True)] * 2
    assert all(0 < seconds < 20 for _, _, seconds in told if seconds is not None)


def test_what_never_left_is_told(told: Told) -> None:
    with pytest.raises(smsbus.NotSent):
        smsbus.Client("token", api_url=NOBODY, rent_url=NOBODY).get_balance()
    assert outcomes(told) == [("get/balance", "not_sent", True)]


def test_an_answer_that_is_none_and_a_429_are_told_besides(told: Told) -> None:
    for status, body in ((200, b"<html>"), (502, b""), (429, b"")):
        with pytest.raises(smsbus.BadAnswer):
            wire.get_balance().read(Answer(status, {}, body))
    assert outcomes(told) == [
        ("get/balance", "bad_answer", False),
        ("get/balance", "bad_answer", False),
        ("get/balance", "rate_limited", False),
    ]


def test_polls_are_told_too(told: Told, provider: Sandbox) -> None:
    async def poll(api_url: str) -> None:
        async with AsyncTransport(api_url, api_url, deadline=5) as transport:
            await transport.send(wire.get_sms("1"), "a-token-of-the-test")

    asyncio.run(poll(provider.api_url))
    with pytest.raises(smsbus.NotSent):
        asyncio.run(poll(NOBODY))
    assert outcomes(told) == [("get/sms", "answered", True), ("get/sms", "not_sent", True)]
