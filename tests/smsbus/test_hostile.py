"""Whatever the bytes: a typed result or an error of the tree, and never the token."""

from __future__ import annotations

import gzip
import html
import json
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsbus import (
    Answer,
    Area,
    Balance,
    Call,
    Country,
    Lease,
    LeasedNumber,
    LeaseSms,
    Number,
    Order,
    Page,
    Price,
    ProviderError,
    SmsBusError,
    wire,
)
from tests.smsbus.canary import CANARY, SPELLINGS, assert_clean

HEX = "0123456789abcdef0123456789abcdef"

ROWS = (Area, Balance, Country, Lease, LeasedNumber, LeaseSms, Number, Order, Page, Price)
ON_THE_WIRE_ONLY = ("area_title", "unit_price", "min_month", "total_page", "list")

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**18, 10**30)
    | st.floats()
    | st.text()
    | st.sampled_from(["124", "-1", "2026-02-06T12:30:25Z", "0001-01-01T00:00+14:00", "1e9", "\0"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = sorted({name for row in ROWS for name in row.__slots__} | set(ON_THE_WIRE_ONLY))
rows = st.dictionaries(st.sampled_from(FIELDS), values)
data = values | rows | st.lists(rows) | st.dictionaries(st.text(), rows)
codes = st.sampled_from([200, "200", 401, 50101, 50214, 7]) | values
envelopes = st.fixed_dictionaries({}, optional={"code": codes, "message": values, "data": data})
calls = st.sampled_from(wire.CALLS)
statuses = st.sampled_from([200] * 8 + [401, 404, 429, 302, 502])


def read(call: Call, answer: Answer) -> None:
    try:
        result = call.read(answer)
    except SmsBusError as error:
        assert_clean(error)
    else:
        # What is stored and shown: encodable, finite, without NUL, in UTC.
        text = repr(result)
        text.encode()
        assert "\x00" not in str(result)
        for value in getattr(result, "__slots__", ()):
            field = getattr(result, value)
            assert not isinstance(field, Decimal) or field.is_finite()
            assert not isinstance(field, datetime) or not field.utcoffset()


@settings(deadline=None)
@given(calls, st.binary(), statuses)
def test_any_bytes(call: Call, body: bytes, status: int) -> None:
    read(call, Answer(status, {}, body))


@settings(max_examples=300, deadline=None)
@given(calls, envelopes, statuses)
def test_any_envelope(call: Call, envelope: dict, status: int) -> None:
    read(call, Answer(status, {}, json.dumps(envelope).encode()))


@settings(deadline=None)
@given(calls, st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()))
def test_any_header(call: Call, headers: dict[str, str]) -> None:
    read(call, Answer(429, headers, b""))


@settings(deadline=None)
@given(st.text(), st.sampled_from(wire.CALLS))
def test_any_token_fits_into_a_url(token: str, call: Call) -> None:
    url = call.url("http://a", "http://b", token)
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url


@pytest.mark.parametrize("token", [CANARY, HEX, "pass word/é&<\"'>%+"])
def test_an_echo_of_the_token_is_removed_however_it_is_spelled(token: str) -> None:
    lower = quote(token, safe="").replace("%2F", "%2f").replace("%C3%A9", "%c3%a9")
    echoes = [
        token,
        quote(token),
        quote(token, safe=""),
        quote_plus(token),
        lower,
        json.dumps(token)[1:-1],
        json.dumps(token, ensure_ascii=False)[1:-1],
        json.dumps(token).replace("/", "\\/")[1:-1],
        html.escape(token),
    ]
    for echo in echoes:
        assert wire.scrub(f"a {echo} b", token) == "a [token] b"
        assert wire.scrub(f"a {echo} b".encode(), token) == b"a [token] b"


def test_a_token_too_short_to_be_a_secret_does_not_garble_the_answer() -> None:
    body = b'{"code": 401, "message": "data"}'
    for token in ("", "1", "data"):
        assert wire.scrub(body, token) == body


@pytest.mark.parametrize("token", [CANARY, HEX])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_an_error_message_with_the_token_in_it_loses_it(token: str, encoding: str) -> None:
    body = json.dumps({"code": 401, "message": f"bad token={quote(token)} {token}"}).encode()
    raw = gzip.compress(body) if encoding else body
    headers = {"Content-Encoding": encoding, "Retry-After": token, "Location": f"/?token={token}"}
    answer = Answer.received(200, headers, raw, 0.1, token=token, limit=65536)
    assert answer is not None
    with pytest.raises(ProviderError) as caught:
        wire.get_balance().read(answer)
    assert caught.value.message == "bad token=[token] [token]"
    assert not [
        spelling for spelling in (*SPELLINGS, HEX) if spelling in repr((answer, answer.body))
    ]
    assert_clean(caught.value)
