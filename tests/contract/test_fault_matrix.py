"""Each call × each fault, over HTTP: the class of the error, what it means for money, and no secret."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from sandbox.faults import KINDS
from sandbox.server import Sandbox
from smsbus import AnswerLost, Balance, Call, Client, NotSent, SmsBusError, wire
from smsbus.polling import AsyncTransport
from tests.contract.cast import CANADA, TELEGRAM, US, ask
from tests.contract.matrix import CALLS, FACTS, FAULTS, LONG, NOTHING_HAPPENED, Fault
from tests.smsbus.canary import CANARY, SPELLINGS, assert_clean

Urls = tuple[str, str]
Ask = Callable[..., list[Any]]


def test_every_call_and_every_kind_of_fault_is_in_the_matrix() -> None:
    assert set(CALLS) == {call.name for call in wire.CALLS}
    assert {fault.kind for fault in FAULTS} == set(KINDS)
    buys = {name for name, asked in CALLS.items() if asked.kind == "buy"}
    assert buys == {call.name for call in wire.CALLS if not call.idempotent}
    reads = {name for name, asked in CALLS.items() if asked.kind == "read"}
    assert reads == {call.name for call in wire.CALLS if not call.effect}


@pytest.fixture(scope="module")
def provider() -> Iterator[Sandbox]:
    """One for all: a fault that leaves something behind spoils the tests after it."""
    with Sandbox(seed=1) as sandbox:
        sandbox.add_account(CANARY, balance=100_000, waiting_limit=100_000)
        sandbox.set_price(int(US), int(TELEGRAM), cost="0.14", stock=100_000, reusable=True)
        sandbox.set_area(CANADA, stock=100_000)
        yield sandbox


def ask_with_requests(urls: Urls, deadline: float, *calls: Call[Any]) -> list[Any]:
    client = Client(CANARY, api_url=urls[0], rent_url=urls[1], deadline=deadline)
    return [_caught(lambda call=call: ask(client, call)) for call in calls]


def ask_with_aiohttp(urls: Urls, deadline: float, *calls: Call[Any]) -> list[Any]:
    async def main() -> list[Any]:
        async with AsyncTransport(*urls, deadline=deadline) as transport:
            found = []
            for call in calls:
                try:
                    found.append(call.read(await transport.send(call, CANARY)))
                except SmsBusError as error:
                    found.append(error)
            return found

    return asyncio.run(main())


def _caught(asking: Callable[[], Any]) -> Any:
    try:
        return asking()
    except SmsBusError as error:
        return error


ASKING = [(ask_with_requests, name) for name in CALLS] + [
    (ask_with_aiohttp, name) for name, asked in CALLS.items() if asked.kind == "read"
]
every_call = pytest.mark.parametrize(
    ("asking", "name"), ASKING, ids=[f"{way.__name__[9:]}-{name}" for way, name in ASKING]
)


def assert_error(error: Any, expected: type[SmsBusError], facts: tuple[bool, bool]) -> None:
    assert type(error) is expected, error
    assert (error.retry_safe, error.outcome_unknown) == facts
    assert_clean(error)


@every_call
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_the_error_that_the_matrix_says(
    provider: Sandbox, asking: Ask, name: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    urls = provider.api_url, provider.rent_url
    call = CALLS[name].make(provider, Client(CANARY, api_url=urls[0], rent_url=urls[1]))
    before = provider.service.counts.copy()
    provider.fault(name, fault.kind, **fault.options_for(name))
    started = time.monotonic()
    # Whatever it was, the connections are good for the next calls.
    found, *afterwards = asking(urls, fault.deadline, call, *[wire.get_balance()] * 3)
    assert time.monotonic() - started < LONG["seconds"] / 2
    expected = fault.becomes(name)
    if expected is None:
        assert not isinstance(found, SmsBusError), found
    else:
        assert_error(found, expected, FACTS[CALLS[name].kind])
    assert any(isinstance(balance, Balance) for balance in afterwards)
    sent = provider.service.counts - before
    assert sent[name] == 1 + (name == "get/balance") * 3
    assert sent["trap"] == 0
    assert not [spelling for spelling in SPELLINGS if spelling in caplog.text]


# What no provider is needed for


@contextmanager
def refusing(provider: Sandbox) -> Iterator[Urls]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield url, url


@contextmanager
def untrusted(provider: Sandbox) -> Iterator[Urls]:
    with Sandbox(tls="self-signed") as sandbox:
        yield sandbox.api_url, sandbox.rent_url
        assert not sandbox.calls


@contextmanager
def never_connecting(provider: Sandbox) -> Iterator[Urls]:
    """A host that takes no more connections: the system drops what asks for one."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield url, url


@every_call
@pytest.mark.parametrize("nowhere", [refusing, untrusted, never_connecting])
def test_without_a_connection_nothing_was_sent(
    provider: Sandbox, asking: Ask, name: str, nowhere: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = Client(CANARY, api_url=provider.api_url, rent_url=provider.rent_url)
    call = CALLS[name].make(provider, client)
    deadline = 0.2 if nowhere is never_connecting else 10.0
    with nowhere(provider) as urls:
        [found] = asking(urls, deadline, call)
    if nowhere is never_connecting and asking is ask_with_aiohttp:
        # It cannot tell the wait for a connection from the rest; for a read that is the same.
        assert_error(found, AnswerLost, FACTS["read"])
    else:
        assert_error(found, NotSent, NOTHING_HAPPENED)
    assert not [spelling for spelling in SPELLINGS if spelling in caplog.text]
