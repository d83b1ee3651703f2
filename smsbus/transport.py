"""The transport on requests, for calls that somebody waits for.

What the library would do and must not here:

- *One deadline.* Its timeout is per read: one byte a second would last for ever. Here the look-up
  of the name, the connection, the handshake and each single read get what is left of one total.
- *The token* joins the request line in the connection, the last moment before the bytes leave. So
  no exception, debug line or trace of requests or urllib3 can hold it: they never see it.
- *What was sent* is a fact, not a guess from the class of an exception: the connection notes it
  when it is about to write. A TLS error is harmless before that, and a lost answer after.
- *No retries, redirects, cookies, proxies or environment:* the adapter is used without a Session.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPException
from typing import Any, Final, Protocol

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from smsbus.call import Answer, Call, with_token
from smsbus.causes import cause
from smsbus.errors import SmsBusError

HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "Busstop",
}


class Transport(Protocol):
    """Sends one call, once."""

    def send(
        self, call: Call[Any], *, api_url: str, rent_url: str, token: str, deadline: float
    ) -> Answer:
        """The answer, without the token. Raises NotSent or AnswerLost within `deadline` seconds."""


@dataclass(slots=True)
class _Attempt:
    """One try in one thread: when it must end, and whether a byte may have left."""

    token: str = field(repr=False)
    ends: float
    sent: bool = False

    def remaining(self) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline")
        return left


_attempt: ContextVar[_Attempt] = ContextVar("smsbus_attempt")


@lru_cache
def tls_context(ca_bundle: str | None = None) -> ssl.SSLContext:
    """The one context of this process: loading a bundle for each connection costs 20 ms."""
    context = ssl.create_default_context(cafile=ca_bundle or certifi.where())
    context.sslsocket_class = _TlsSocket
    return context


class _DeadlineReads:
    """Gives each read what is left of the total, instead of the same timeout afresh."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_attempt.get().remaining())  # type: ignore[attr-defined]
        return super().recv_into(*args, **kwargs)  # type: ignore[misc]


class _Socket(_DeadlineReads, socket.socket):
    pass


class _TlsSocket(_DeadlineReads, ssl.SSLSocket):
    pass


def _resolve(host: str, port: int, attempt: _Attempt) -> list[Any]:
    """The addresses of a host. The system's look-up knows no timeout, so it runs beside us."""
    found: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.set_exception(error)

    threading.Thread(target=look_up, name="smsbus-dns", daemon=True).start()
    return found.result(attempt.remaining())


def _connect(host: str, port: int) -> socket.socket:
    attempt = _attempt.get()
    addresses = _resolve(host.strip("[]"), port, attempt)
    failure = OSError("no address")
    for tried, (family, kind, proto, _, address) in enumerate(addresses):
        sock = _Socket(family, kind, proto)
        try:
            # A share each, so that one dead address does not use up the time of a live one.
            sock.settimeout(attempt.remaining() / (len(addresses) - tried))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(attempt.remaining())  # bounds the TLS handshake as a whole
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port)

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().putrequest(method, with_token(url, _attempt.get().token), *args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _attempt.get().sent = True
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, *_: Any, **__: Any) -> None:
        self.poolmanager = PoolManager(connections, maxsize=maxsize, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def cert_verify(self, *_: Any) -> None:
        """Nothing to load: the shared context verifies, and holds the certificates already."""


class RequestsTransport:
    """Safe to share between threads; not across a fork (`shared` sees to that)."""

    def __init__(self, *, ca_bundle: str | None = None) -> None:
        self._context = tls_context(ca_bundle)
        self._pooled = _Adapter(self._context)

    def close(self) -> None:
        self._pooled.close()

    def send(
        self, call: Call[Any], *, api_url: str, rent_url: str, token: str, deadline: float
    ) -> Answer:
        """See `Transport`. Reads share kept-alive connections; calls with an effect never do.

        The provider may close an idle connection at the very moment we write on it. For a read that
        costs another try; a purchase would end as unknown although nothing had happened.
        """
        attempt = _Attempt(token, time.monotonic() + deadline)
        adapter = _Adapter(self._context) if call.effect else self._pooled
        before = _attempt.set(attempt)
        answer, reason = None, "answer too large"
        try:
            answer = _exchange(adapter, call, call.target(api_url, rent_url), attempt, deadline)
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
            reason = cause(error)
        finally:
            _attempt.reset(before)
            if call.effect:
                adapter.close()
        if answer is None:
            # Raised out here so that the library's exception does not hang on it as context.
            raise _failure(call, attempt, reason)
        return answer


def _failure(call: Call[Any], attempt: _Attempt, reason: str) -> SmsBusError:
    return call.answer_lost(reason) if attempt.sent else call.not_sent(reason)


def _exchange(
    adapter: _Adapter, call: Call[Any], target: str, attempt: _Attempt, deadline: float
) -> Answer | None:
    """Send, and read at most the limit; None if there is more."""
    connection = {"Connection": "close"} if call.effect else {}
    request = requests.Request("GET", target, headers=HEADERS | connection).prepare()
    response = adapter.send(request, stream=True, timeout=attempt.remaining())
    body = b""
    try:
        while len(body) <= call.max_body:
            part = response.raw.read(call.max_body + 1 - len(body), decode_content=False)
            if not part:
                break
            body += part
    finally:
        response.close()
    elapsed = time.monotonic() - (attempt.ends - deadline)
    headers = dict(response.headers)
    return Answer.received(
        response.status_code, headers, body, elapsed, token=attempt.token, limit=call.max_body
    )


def shared(ca_bundle: str | None = None) -> RequestsTransport:
    """The transport of this process, so that all clients share its connections."""
    return _shared(ca_bundle, os.getpid())


@lru_cache
def _shared(ca_bundle: str | None, pid: int) -> RequestsTransport:
    return RequestsTransport(ca_bundle=ca_bundle)
