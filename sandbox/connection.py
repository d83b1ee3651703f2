"""HTTP/1.1 on one TCP connection, with the hands on the wire that faults need.

Just enough of the protocol for a loopback test double: keep-alive, pipelining in order, bodies
with a length. A request is handed to ``respond``, which calls ``answer`` sooner or later, or plays
a fault with ``begin``, ``write``, ``reset`` and ``close``; the next request waits until then.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http.client import responses
from typing import cast

MAX_HEAD = 64 * 1024
MAX_BODY = 1024 * 1024
JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class HttpRequest:
    method: str
    path: str
    query: str
    content_type: str = ""
    body: bytes = b""
    last: bool = False  # the client wants the connection closed after this one


class Connection(asyncio.Protocol):
    """One client. Lives in the server's event loop; not thread-safe."""

    def __init__(
        self,
        respond: Callable[[HttpRequest, "Connection"], None],
        everyone: set["Connection"],
    ) -> None:
        self._respond = respond
        self._everyone = everyone
        self._buffer = b""
        self._busy = False
        self._reading = False
        self._last = False
        self._writable = asyncio.Event()
        self._writable.set()
        self.closed = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._everyone.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._writable.set()
        self._everyone.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._read_requests()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # For whoever responds

    def answer(
        self,
        body: bytes,
        status: int = 200,
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Send a whole answer and go on to the next request."""
        self.begin(len(body), status, content_type, headers, body)
        self._busy = False
        if self._last:
            self.close()
        else:
            self._read_requests()

    def begin(
        self,
        length: int | None,
        status: int = 200,
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Send the head, announcing ``length`` bytes (``None``: until the connection closes)."""
        reason = responses.get(status, "Error")
        lines = [f"HTTP/1.1 {status} {reason}", f"Content-Type: {content_type}"]
        lines.append("Connection: close" if length is None else f"Content-Length: {length}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def write(self, data: bytes) -> None:
        if not self.closed:
            self._transport.write(data)

    async def drained(self) -> None:
        """Until the client has taken enough of what was written, or is gone."""
        await self._writable.wait()

    def close(self) -> None:
        """Close in good order, after what was written."""
        self._transport.close()

    def abort(self) -> None:
        """Close now, forgetting what was not sent."""
        self._transport.abort()

    def reset(self) -> None:
        """Close with a TCP reset: the client sees "connection reset by peer"."""
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    # Reading

    def _read_requests(self) -> None:
        if self._reading:  # an answer given at once: the loop below goes on
            return
        self._reading = True
        try:
            while not self._busy and not self.closed and self._buffer:
                request = self._take_request()
                if request is None:
                    return
                self._busy = True
                self._last = request.last
                self._respond(request, self)
        finally:
            self._reading = False

    def _take_request(self) -> HttpRequest | None:
        """The first request of the buffer, or ``None`` as long as it is not complete."""
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            if len(self._buffer) > MAX_HEAD:
                self.abort()
            return None
        try:
            request, length = _parse_head(head)
        except ValueError:
            self.abort()
            return None
        if len(rest) < length:
            return None
        request.body = rest[:length]
        self._buffer = rest[length:]
        return request


def _parse_head(head: bytes) -> tuple[HttpRequest, int]:
    """The request and the length of its body. Raises ``ValueError`` for what is not HTTP."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    path, _, query = target.partition("?")
    request = HttpRequest(method, path, query, last=version != "HTTP/1.1")
    length = 0
    for line in lines:
        name, _, value = line.partition(":")
        match name.lower():
            case "content-length":
                length = int(value)
            case "content-type":
                request.content_type = value.strip().lower()
            case "connection":
                request.last = request.last or value.strip().lower() == "close"
    if not 0 <= length <= MAX_BODY:
        raise ValueError("too large")
    return request, length
