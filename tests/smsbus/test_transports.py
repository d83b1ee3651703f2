"""Both transports against a server that does everything wrong.

Each test runs with requests (`Client`) and with aiohttp (`AsyncTransport`): the same fault is the
same error, within the deadline, without the token.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from smsbus import AnswerLost, BadAnswer, Balance, Client, NotSent, SmsBusError, wire
from smsbus.call import Answer, Call
from smsbus.polling import AsyncTransport
from smsbus.transport import RequestsTransport
from tests.smsbus.canary import CANARY, SPELLINGS, assert_clean
from tests.smsbus.raw_server import (
    RawServer,
    answers,
    drips,
    endless,
    http,
    resets,
    silent,
)

BALANCE = b'{"code":200,"message":"ok","data":{"balance":2.52,"frozen":0}}'
Send = Callable[..., Answer]


def with_requests(
    url: str, *calls: Call, deadline: float = 5, ca_bundle: str | None = None
) -> Answer:
    transport = RequestsTransport(ca_bundle=ca_bundle)
    client = Client(CANARY, api_url=url, rent_url=url, deadline=deadline, transport=transport)
    try:
        return [client.send(call) for call in calls][-1]
    finally:
        transport.close()


def with_aiohttp(
    url: str, *calls: Call, deadline: float = 5, ca_bundle: str | None = None
) -> Answer:
    async def main() -> Answer:
        transport = AsyncTransport(url, url, deadline=deadline, ca_bundle=ca_bundle)
        async with transport:
            return [await transport.send(call, CANARY) for call in calls][-1]

    return asyncio.run(main())


@pytest.fixture(params=[with_requests, with_aiohttp], ids=["requests", "aiohttp"])
def send(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[Send]:
    caplog.set_level(logging.DEBUG)
    yield request.param
    assert not [spelling for spelling in SPELLINGS if spelling in caplog.text]


def failure(
    send: Send, url: str, expected: type[SmsBusError], within: float = 2, **options: object
) -> SmsBusError:
    started = time.monotonic()
    with pytest.raises(expected) as caught:
        send(url, wire.get_balance(), **options)
    assert time.monotonic() - started < within
    assert type(caught.value) is expected
    assert_clean(caught.value)
    assert caught.value.retry_safe
    assert not caught.value.outcome_unknown
    return caught.value


def test_an_answer_comes_back_whole_and_scrubbed(send: Send) -> None:
    echo = BALANCE.replace(b"ok", CANARY.encode())
    with RawServer(answers(http(echo, headers="Retry-After: 3\r\nX-Other: 1\r\n"))) as server:
        answer = send(server.url, wire.get_balance())
    assert wire.get_balance().read(answer) == Balance(Decimal("2.52"), Decimal(0))
    assert answer.status == 200
    assert answer.headers == {"retry-after": "3"}
    assert 0 < answer.elapsed < 2
    assert not [spelling for spelling in SPELLINGS if spelling in repr((answer, answer.body))]


def test_the_token_is_sent_quoted_and_the_request_is_plain(send: Send) -> None:
    with RawServer(answers(http(BALANCE))) as server:
        send(server.url, wire.get_sms("124"))
    line, *headers = server.requests[0].split("\r\n")
    assert line == (
        "GET /get/sms?request_id=124&token=canary%2F0123456789abcdef%26%3D%20%C3%A9 HTTP/1.1"
    )
    assert "Accept-Encoding: identity" in headers


def test_a_refused_connection_was_not_sent(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(send, f"http://127.0.0.1:{port}", NotSent)
    assert str(error) == "get/balance: not sent: connection refused"


def test_an_unknown_host_was_not_sent(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    error = failure(send, "http://provider.invalid", NotSent)
    assert str(error) == "get/balance: not sent: host name not found"


@pytest.mark.parametrize("url", ["ftp://example", "http://"])
def test_an_impossible_address_was_not_sent(send: Send, url: str) -> None:
    failure(send, url, NotSent)


def test_a_bad_certificate_was_not_sent(send: Send, self_signed) -> None:
    with RawServer(answers(http(BALANCE)), tls=self_signed.context) as server:
        error = failure(send, server.url, NotSent)
    assert str(error) == "get/balance: not sent: certificate not trusted"
    assert server.requests == []


def test_a_certificate_of_the_given_bundle_is_trusted(send: Send, self_signed) -> None:
    with RawServer(answers(http(BALANCE)), tls=self_signed.context) as server:
        answer = send(server.url, wire.get_balance(), ca_bundle=self_signed.path)
    assert answer.body == BALANCE


def test_a_handshake_that_never_ends_was_not_sent() -> None:
    with RawServer(silent) as server:
        url = server.url.replace("http", "https")
        failure(with_requests, url, NotSent, within=3, deadline=1)


@pytest.mark.parametrize(
    "before", [b"", http(BALANCE)[:30], http(BALANCE)[:-5]], ids=["silent", "head", "body"]
)
def test_a_reset_after_the_request_loses_the_answer(send: Send, before: bytes) -> None:
    with RawServer(resets(before)) as server:
        failure(send, server.url, AnswerLost)
    assert len(server.requests) == 1


def test_an_end_before_the_announced_length_loses_the_answer(send: Send) -> None:
    def behave(conn: socket.socket) -> None:
        conn.sendall(http(BALANCE, length=500))

    with RawServer(behave) as server:
        failure(send, server.url, AnswerLost)


def test_what_is_not_http_loses_the_answer(send: Send) -> None:
    with RawServer(answers(b"\x00\xff SSH-2.0 hello\r\n\r\n")) as server:
        failure(send, server.url, AnswerLost)


def test_silence_ends_at_the_deadline(send: Send) -> None:
    with RawServer(silent) as server:
        error = failure(send, server.url, AnswerLost, within=3, deadline=1)
    assert str(error) == "get/balance: answer lost: timed out"


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", http(b"", length=5000)],
    ids=["headers", "body"],
)
def test_one_byte_at_a_time_ends_at_the_deadline(send: Send, head: bytes) -> None:
    with RawServer(drips(head)) as server:
        failure(send, server.url, AnswerLost, within=3, deadline=1)


def test_one_byte_at_a_time_over_tls_ends_at_the_deadline(send: Send, self_signed) -> None:
    head = http(b"", length=5000)
    with RawServer(drips(head), tls=self_signed.context) as server:
        failure(send, server.url, AnswerLost, within=3, deadline=1, ca_bundle=self_signed.path)


def test_an_endless_body_is_cut_off(send: Send) -> None:
    with RawServer(endless) as server:
        error = failure(send, server.url, AnswerLost)
    assert str(error) == "get/balance: answer lost: answer too large"


@pytest.mark.parametrize(
    ("call", "limit"), [(wire.get_balance(), 65536), (wire.list_countries(), 1048576)]
)
def test_a_body_of_exactly_the_limit_is_taken(send: Send, call: Call, limit: int) -> None:
    with RawServer(answers(http(b" " * limit))) as server:
        assert len(send(server.url, call).body) == limit
    with RawServer(answers(http(b" " * (limit + 1)))) as server, pytest.raises(AnswerLost):
        send(server.url, call)


def test_a_compressed_answer_is_read_though_never_asked_for(send: Send) -> None:
    response = http(gzip.compress(BALANCE), headers="Content-Encoding: gzip\r\n")
    with RawServer(answers(response)) as server:
        assert send(server.url, wire.get_balance()).body == BALANCE


def test_a_decompression_bomb_does_not_go_off(send: Send) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with RawServer(answers(http(bomb, headers="Content-Encoding: gzip\r\n"))) as server:
        failure(send, server.url, AnswerLost)


def test_a_redirect_is_not_followed(send: Send) -> None:
    with RawServer(answers(http(BALANCE))) as target:
        moved = http(b"", "302 Found", f"Location: {target.url}/?token=0123456789abcdef\r\n")
        with RawServer(answers(moved)) as server:
            answer = send(server.url, wire.get_balance())
    assert target.connections == 0
    assert answer.headers == {}
    with pytest.raises(BadAnswer) as caught:
        wire.get_balance().read(answer)
    assert caught.value.status == 302


def test_reads_share_one_connection_and_no_cookies(send: Send) -> None:
    response = http(BALANCE, headers="Set-Cookie: a=b\r\n")
    with RawServer(answers(response)) as server:
        send(server.url, *[wire.get_balance()] * 3)
    assert server.connections == 1
    assert len(server.requests) == 3
    assert not [request for request in server.requests if "Cookie" in request]


def test_a_poller_that_was_not_entered_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(AsyncTransport("http://a", "http://b").send(wire.get_balance(), CANARY))


def test_the_environment_is_not_asked(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with RawServer(answers(http(BALANCE))) as server:
        assert send(server.url, wire.get_balance()).body == BALANCE
