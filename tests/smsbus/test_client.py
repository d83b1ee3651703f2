"""What `Client` adds: one method for each call, and effects that are sent at most once."""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
import threading
import time

import pytest

from smsbus import AnswerLost, BadAnswer, Client, NotSent, wire
from smsbus.call import Answer, Call
from smsbus.polling import AsyncTransport
from tests.smsbus.canary import CANARY, SPELLINGS, assert_clean
from tests.smsbus.raw_server import RawServer, answers, drips, http, resets, silent

NUMBER = b'{"code":200,"data":{"request_id":124,"number":"17548003793"}}'
EFFECTS = [
    wire.get_number("1", "2"),
    wire.reuse("1", "2", "17548003793"),
    wire.cancel("124"),
    wire.rent_get_number("CA", 1),
    wire.rent_renew_number("CA", "5143080170", 1),
    wire.rent_cancel_order("7"),
    wire.rent_change_link_status("CA", "5143080170", True),
]


def client(url: str, **options: object) -> Client:
    return Client(CANARY, api_url=url, rent_url=url, **options)


def test_the_effects_are_all_the_calls_with_an_effect() -> None:
    assert {call.name for call in EFFECTS} == {call.name for call in wire.CALLS if call.effect}


def test_each_call_has_a_method_of_the_same_name_and_parameters() -> None:
    for call in wire.CALLS:
        name = call.name.replace("/", "_")
        asked = inspect.signature(getattr(wire, name)).parameters.keys() - {"refer_id"}
        assert inspect.signature(getattr(Client, name)).parameters.keys() - {"self"} == asked


def test_the_client_shows_no_token() -> None:
    shown = repr(client("http://127.0.0.1:1"))
    assert not [spelling for spelling in SPELLINGS if spelling in shown]


def test_the_referral_goes_with_every_number_bought_or_used_again() -> None:
    with RawServer(answers(http(NUMBER))) as server:
        with_referral = client(server.url, refer_id="7")
        with_referral.get_number("5", "3", reuse=True)
        with_referral.reuse("5", "3", "+17548003793")
        client(server.url, refer_id="").get_number("5", "3")
    lines = [request.split("&token=")[0] for request in server.requests]
    assert lines == [
        "GET /get/number?country_id=5&project_id=3&refer_id=7&reuse=true",
        "GET /reuse?country_id=5&project_id=3&mobile_number=17548003793&refer_id=7",
        "GET /get/number?country_id=5&project_id=3",
    ]


def test_a_transport_can_be_injected() -> None:
    class Fixed:
        def send(self, call: Call, **to: object) -> Answer:
            assert to == {
                "api_url": "http://a",
                "rent_url": "http://r",
                "token": CANARY,
                "deadline": 3,
            }
            return Answer(200, {}, NUMBER)

    fixed = Client(CANARY, api_url="http://a", rent_url="http://r", deadline=3, transport=Fixed())
    assert fixed.get_number("5", "3").request_id == "124"


@pytest.mark.parametrize("call", EFFECTS, ids=lambda call: call.name)
def test_an_effect_is_sent_once_on_a_connection_of_its_own(call: Call) -> None:
    """A kept-alive connection that breaks under a purchase would leave it unknown for nothing, and
    a library that sends it again would buy twice: so it never gets an old connection."""
    with RawServer(answers(http(NUMBER))) as server:
        buyer = client(server.url)
        buyer.send(wire.get_balance())
        buyer.send(call)
        buyer.send(call)
    assert server.connections == 3
    assert len(server.requests) == 3
    assert "Connection: close" in server.requests[1]


@pytest.mark.parametrize("call", EFFECTS, ids=lambda call: call.name)
@pytest.mark.parametrize(
    "behave",
    [resets(), resets(http(NUMBER)[:-5]), silent, drips(http(b"", length=99))],
    ids=["reset", "reset in the body", "silence", "one byte at a time"],
)
def test_an_effect_without_an_answer_is_unknown_and_sent_once(
    call: Call, behave, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with RawServer(behave) as server, pytest.raises(AnswerLost) as caught:
        client(server.url, deadline=0.8).send(call)
    assert len(server.requests) == 1
    assert caught.value.outcome_unknown
    assert caught.value.retry_safe == call.idempotent
    assert_clean(caught.value)
    assert not [spelling for spelling in SPELLINGS if spelling in caplog.text]


@pytest.mark.parametrize("call", EFFECTS, ids=lambda call: call.name)
def test_an_effect_that_was_not_sent_is_certain(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent) as caught:
        client(f"http://127.0.0.1:{port}").send(call)
    assert caught.value.retry_safe
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("status", ["429 Too Many", "503 Sorry", "302 Found"])
def test_a_status_is_never_answered_by_sending_again(status: str) -> None:
    response = http(b"<html>", status, "Retry-After: 0\r\nLocation: /\r\n")
    with RawServer(answers(response)) as server, pytest.raises(BadAnswer):
        client(server.url).get_number("5", "3")
    assert len(server.requests) == 1


def test_a_read_on_a_connection_that_has_died_meanwhile_is_not_sent_twice() -> None:
    def hang_up_on_the_second(conn: socket.socket) -> bool:
        if len(server.requests) == 1:
            conn.sendall(http(NUMBER))
        return len(server.requests) == 1

    with RawServer(hang_up_on_the_second) as server:
        reader = client(server.url)
        reader.send(wire.get_sms("124"))
        with pytest.raises(AnswerLost) as caught:
            reader.send(wire.get_sms("124"))
    assert len(server.requests) == 2
    assert caught.value.retry_safe


def test_a_name_that_is_never_resolved_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60))
    started = time.monotonic()
    try:
        with pytest.raises(NotSent, match="timed out"):
            client("http://slow.invalid", deadline=0.8).get_number("5", "3")
        assert time.monotonic() - started < 3
    finally:
        over.set()


@pytest.mark.parametrize("call", EFFECTS, ids=lambda call: call.name)
def test_the_polling_transport_refuses_effects(call: Call) -> None:
    async def send() -> None:
        async with AsyncTransport("http://127.0.0.1:1", "http://127.0.0.1:1") as transport:
            await transport.send(call, CANARY)

    with pytest.raises(ValueError, match=call.name):
        asyncio.run(send())
