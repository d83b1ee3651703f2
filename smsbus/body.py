"""What happens to a body before anybody sees it: bounded decompression, removal of the token."""

from __future__ import annotations

import html
import json
import zlib
from contextlib import suppress
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus

Text = TypeVar("Text", bytes, str)

REMOVED: Final = "[token]"
SHORTEST_TOKEN: Final = 8
"""Below this a token is no secret but a typing error, and removing it would garble the answer."""
_ANY_ZLIB: Final = zlib.MAX_WBITS | 32


def scrub(data: Text, token: str) -> Text:
    """`data` without the token, however an echo spells it: plain, in a URL, JSON or HTML."""
    if len(token) < SHORTEST_TOKEN:
        return data
    for form in _forms(token):
        if isinstance(data, bytes):
            data = data.replace(form.encode("utf-8", "replace"), REMOVED.encode())
        else:
            data = data.replace(form, REMOVED)
    return data


def _forms(token: str) -> list[str]:
    if token.isalnum() and token.isascii():
        return [token]  # every spelling of it is the same
    quoted = quote(token, safe="", errors="replace")
    spellings = {
        token,
        quoted,
        quoted.replace("%20", "+"),
        quote(token, errors="replace"),
        quote_plus(token, errors="replace"),
        json.dumps(token)[1:-1],
        json.dumps(token, ensure_ascii=False)[1:-1],
        json.dumps(token)[1:-1].replace("/", "\\/"),
        html.escape(token),
    }
    spellings |= {_lower_escapes(form) for form in spellings}
    return sorted(spellings, key=len, reverse=True)


def _lower_escapes(form: str) -> str:
    head, *escapes = form.split("%")
    return "%".join([head, *(rest[:2].lower() + rest[2:] for rest in escapes)])


def decoded(raw: bytes, encoding: str, limit: int) -> bytes | None:
    """The body as it was before its Content-Encoding; None if it is longer than `limit` bytes.

    We ask for no encoding, yet a gateway may compress all the same. One that is neither gzip nor
    deflate, or that is broken, is handed on as it came: the reader will find that it is not JSON.
    """
    if encoding.strip().lower() in {"gzip", "x-gzip", "deflate"}:
        with suppress(zlib.error):
            raw = zlib.decompressobj(_ANY_ZLIB).decompress(raw, limit + 1)
    return raw if len(raw) <= limit else None
