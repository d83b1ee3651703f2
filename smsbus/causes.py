"""Why a connection failed, in two or three words that hold no address."""

from __future__ import annotations

import socket
import ssl
from typing import Final

_KNOWN: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (ssl.SSLCertVerificationError, "certificate not trusted"),
    (ssl.SSLError, "TLS failure"),
    (socket.gaierror, "host name not found"),
    (TimeoutError, "timed out"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "connection reset"),
)


def cause(error: BaseException) -> str:
    """The words for the deepest known reason; libraries wrap it in errors that repeat the URL."""
    chain = _chain(error)
    for kind, words in _KNOWN:
        if any(isinstance(link, kind) for link in chain):
            return words
    return "connection failed"


def _chain(error: BaseException) -> list[BaseException]:
    """The error and all it wraps, as cause, context, argument or reason."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and not any(link is known for known in found):
            found.append(link)
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found
