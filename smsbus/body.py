"""What happens to a body before anybody sees it: bounded decompression, removal of the token."""

from __future__ import annotations

import html
import re
import zlib
from contextlib import suppress
from typing import Final, TypeVar

Text = TypeVar("Text", bytes, str)

REMOVED: Final = b"[token]"
SHORTEST_TOKEN: Final = 8
"""Below this a token is no secret but a typing error, and removing it would garble the answer."""
_ANY_ZLIB: Final = zlib.MAX_WBITS | 32


def scrub(data: Text, token: str) -> Text:
    """`data` without the token, however an echo spells it: plain, in a URL, in JSON or in HTML."""
    if len(token) < SHORTEST_TOKEN:
        return data
    if isinstance(data, str):
        return _scrub(data.encode("utf-8", "surrogatepass"), token).decode("utf-8", "surrogatepass")
    return _scrub(data, token)


def _scrub(data: bytes, token: str) -> bytes:
    if token.isalnum() and token.isascii():
        return data.replace(token.encode(), REMOVED)  # one spelling everywhere
    return re.sub(b"".join(_spellings(char) for char in token), REMOVED, data)


def _spellings(char: str) -> bytes:
    """A pattern for one character of a token in all its spellings."""
    plain = char.encode("utf-8", "surrogatepass")
    utf16 = char.encode("utf-16-be", "surrogatepass").hex()
    spellings = [
        re.escape(plain),
        b"(?i:%s)" % b"".join(b"%%%02x" % byte for byte in plain),
        rb"(?i:%s)"
        % b"".join(rb"\\u" + utf16[at : at + 4].encode() for at in range(0, len(utf16), 4)),
        re.escape(b"\\" + plain),
        re.escape(html.escape(char).encode("utf-8", "surrogatepass")),
    ]
    if char == " ":
        spellings.append(rb"\+")
    return b"(?:%s)" % b"|".join(spellings)


def decoded(raw: bytes, encoding: str, limit: int) -> bytes | None:
    """The body as it was before its Content-Encoding; None if it is longer than `limit` bytes.

    We ask for no encoding, yet a gateway may compress all the same. One that is neither gzip nor
    deflate, or that is broken, is handed on as it came: the reader will find that it is not JSON.
    """
    if encoding.strip().lower() in {"gzip", "x-gzip", "deflate"}:
        with suppress(zlib.error):
            raw = zlib.decompressobj(_ANY_ZLIB).decompress(raw, limit + 1)
    return raw if len(raw) <= limit else None
