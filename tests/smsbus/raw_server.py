"""A server that answers with bytes, however wrong, and remembers what it was asked."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Self

Behaviour = Callable[[socket.socket], object]


class RawServer:
    """`behave` gets the connection after each whole request; a true result keeps it open."""

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._behave = behave
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._listener.close()
        for conn in self._open:
            conn.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn: socket.socket) -> None:
        try:
            if self._tls:
                conn = self._tls.wrap_socket(conn, server_side=True)
            self._open.append(conn)
            while head := _head(conn):
                self.requests.append(head)
                if not self._behave(conn):
                    break
        except OSError:
            pass
        conn.close()


def _head(conn: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = conn.recv(4096)
        if not part:
            return ""
        head += part
    return head.decode()


def http(
    body: bytes, status: str = "200 OK", headers: str = "", length: int | None = None
) -> bytes:
    """A response with a body and its length, true or not."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


def answers(response: bytes) -> Behaviour:
    """Always this response, on a connection kept alive."""

    def behave(conn: socket.socket) -> bool:
        conn.sendall(response)
        return True

    return behave


def resets(before: bytes = b"") -> Behaviour:
    """Some bytes, then a reset (not an orderly end)."""

    def behave(conn: socket.socket) -> bool:
        conn.sendall(before)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return behave


def drips(head: bytes, every: float = 0.05) -> Behaviour:
    """The head at once, then one byte at a time, for ever."""

    def behave(conn: socket.socket) -> bool:
        conn.sendall(head)
        pause = threading.Event()
        while not pause.wait(every):
            conn.sendall(b" ")
        return False

    return behave


def silent(conn: socket.socket) -> bool:
    """Nothing, until the other side hangs up."""
    return bool(conn.recv(1))


def endless(conn: socket.socket) -> bool:
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        conn.sendall(b" " * 65536)
