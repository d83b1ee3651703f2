"""Answers of the provider, spoilt: from a good body and a seeded random to bytes nobody documented."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

Good = dict[str, Any]
PLACE: Final = "\x07place\x07"  # where a literal goes that json.dumps could not write

LITERALS: Final = (
    *("null", "true", "false", "0", "-1", "-0.0", "1.5", "1e5", "1e-9", "1E+400", "1e999999999"),
    *("NaN", "Infinity", "-Infinity", "9" * 30, "9" * 5000, "0." + "3" * 40, "1000000.0001"),
    *('""', '" "', '"0"', '"-1"', '"NaN"', '"1e5"', '"0.14 USD"', '"077866"', '"+17548003793"'),
    *('"\\u0000"', '"\\ud800"', '"\\udfff\\ud800x"', '"\\u202e\\u200b\\ufeff"', '"\\n\\r\\t"'),
    *('"<script>alert(1)</script>"', '"\'; DROP TABLE x; --"', '"%00%0a"', '"{{ 7 }}"'),
    *('"' + "9" * 64 + '"', '"' + "9" * 65 + '"', '"' + "8" * 33 + '"', '"' + "x" * 5000 + '"'),
    *('"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"2026-13-45"', '"yesterday"'),
    *("[]", "{}", "[null]", '{"a": 1}', "[[[[]]]]", "[" * 10_000 + "]" * 10_000),
)
CODES: Final = (
    *("0", "-1", "200", '"200"', "200.0", "true", "null", "[200]", '"٢٠٠"', "1" * 4400),
    *("400", "401", "404", "429", "500", "50001", "50002", "50007", "50101", "50102", "50103"),
    *("50104", "50107", "50109", "50201", "50208", "50214", "50403", "59999"),
)
STATUSES: Final = (201, 204, 304, 400, 403, 404, 429, 500, 502, 503)
HTML: Final = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True)
class Spoilt:
    """What the provider answers instead."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def as_fault(self) -> dict[str, Any]:
        """The options of the sandbox's fault ``body``."""
        return {
            "text": self.body.decode("latin-1"),
            "encoding": "latin-1",
            "status": self.status,
            "headers": self.headers,
        }


def spoilt(good: Good, seed: str) -> Iterator[Spoilt]:
    """Answers without end, the same for the same seed."""
    random = Random(seed)
    while True:
        yield random.choice(WAYS)(random, good)


def _bytes(good: Good) -> bytes:
    return json.dumps(good, ensure_ascii=False).encode()


def _cut(random: Random, good: Good) -> Spoilt:
    body = _bytes(good)
    return Spoilt(body[: random.randrange(len(body))])


def _flip(random: Random, good: Good) -> Spoilt:
    body = bytearray(_bytes(good))
    for _ in range(random.randint(1, 6)):
        body[random.randrange(len(body))] = random.randrange(256)
    return Spoilt(bytes(body))


def _insert(random: Random, good: Good) -> Spoilt:
    body, at = _bytes(good), random.randrange(20)
    piece = random.choice((random.randbytes(9), b"\x00", b"\xed\xa0\x80", b"{", b"]", b",,", b'"'))
    return Spoilt(body[:at] + piece + body[at:] if random.random() < 0.5 else body + piece)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (object, key) and (list, index) in a JSON value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _literal(random: Random, good: Good) -> Spoilt:
    """One value, or a few, are others."""
    copy, literals = json.loads(json.dumps(good)), []
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        container, key = random.choice(list(_places(copy)))
        container[key] = PLACE
        literals.append(random.choice(CODES if key == "code" else LITERALS))
    text = json.dumps(copy)
    for literal in literals:
        text = text.replace(json.dumps(PLACE), literal, 1)
    return Spoilt(text.encode())


def _code(random: Random, good: Good) -> Spoilt:
    message = random.choice(
        ('""', "null", '"no"', '"until 9999-12-31 23:59:59"', '"\\u0000"', "[]")
    )
    data = random.choice(("null", json.dumps(good.get("data"))))
    return Spoilt(
        f'{{"code": {random.choice(CODES)}, "message": {message}, "data": {data}}}'.encode()
    )


def _missing(random: Random, good: Good) -> Spoilt:
    copy = json.loads(json.dumps(good))
    container, key = random.choice(list(_places(copy)))
    del container[key]
    return Spoilt(_bytes(copy))


def _doubled(random: Random, good: Good) -> Spoilt:
    """A key twice: ours counts as its last."""
    container, key = random.choice([(c, k) for c, k in _places(good) if isinstance(c, dict)])
    once = f"{json.dumps(key)}: {json.dumps(container[key])}"
    again = f"{json.dumps(key)}: {random.choice(LITERALS)}, {once}"
    if random.random() < 0.5:
        again = f"{once}, {json.dumps(key)}: {random.choice(LITERALS)}"
    return Spoilt(json.dumps(good).replace(once, again, 1).encode())


def _wrapped(random: Random, good: Good) -> Spoilt:
    inside = good.get("data")
    wraps = ([inside], {"data": inside}, [[inside]], json.dumps(inside), [inside, None, 7])
    return Spoilt(_bytes(good | {"data": random.choice(wraps)}))


def _deep(random: Random, good: Good) -> Spoilt:
    opening, closing = random.choice(((b"[", b"]"), (b'{"data":', b"}")))
    depth = random.choice((500, 1_000, 3_000, 6_000))
    inside = opening * depth + b"1" + closing * depth
    return Spoilt(inside if random.random() < 0.3 else b'{"code":200,"data":' + inside + b"}")


def _encoded(random: Random, good: Good) -> Spoilt:
    charset = random.choice(("utf-16", "utf-8-sig", "utf-32", "utf-7", "cp500"))
    return Spoilt(json.dumps(good).encode(charset))


def _compressed(random: Random, good: Good) -> Spoilt:
    body = _bytes(good)
    spoilt = random.choice(
        (gzip.compress(body)[:-9], gzip.compress(body), zlib.compress(body), body, b"\x1f\x8b")
    )
    label = random.choice(("gzip", "deflate", "br", "x-gzip", "identity", "gzip, gzip", "\xff"))
    return Spoilt(spoilt, headers={"Content-Encoding": label})


def _status(random: Random, good: Good) -> Spoilt:
    body = random.choice((_bytes(good), HTML, b""))
    retry_after = random.choice(("", "7", "-1", "9" * 400, "soon", "Fri, 06 Feb 2026 12:00:30"))
    return Spoilt(body, random.choice(STATUSES), {"Retry-After": retry_after})


def _other(random: Random, good: Good) -> Spoilt:
    return Spoilt(random.choice((b"", b" ", b"null", b"OK", b"[]", b"{}", b"\xff\xfe", HTML)))


def _noise(random: Random, good: Good) -> Spoilt:
    return Spoilt(random.randbytes(random.randrange(200)))


WAYS: Final[tuple[Callable[[Random, Good], Spoilt], ...]] = (
    *(_literal, _literal, _literal, _literal, _code, _code, _missing, _doubled, _wrapped),
    *(_cut, _flip, _flip, _insert, _deep, _encoded, _compressed, _status, _other, _noise),
)
