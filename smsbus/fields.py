"""Readers of single JSON values: each returns a clean value of one type or raises `Malformed`.

They are generous about spelling (a number or its text, a map or a list) and strict about meaning (a
boolean is not a number, a price is never negative), because a wrong value here becomes money or a
database row later. The text of `Malformed` names a field, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from smsbus.types import Page, Rows

R = TypeVar("R")

MAX_DOLLARS: Final = Decimal(1_000_000)
"""More than this is an error of the provider's, not a price or a balance."""
MAX_COUNT: Final = 2**31 - 1
MAX_RECEIPT: Final = 64
MAX_PHONE: Final = 32
"""Characters of what was bought: it is stored, and cut short it would be somebody else's."""
YEARS: Final = range(2000, 2100)
"""No moment of a sale lies elsewhere, and one at an end of the calendar has no local time."""
_IDENTIFIER: Final = re.compile(r"[!-,.-~][!-~]{0,127}")
_PLACES: Final = Decimal("0.0001")
_UNSAFE: Final = re.compile("[\x00\ud800-\udfff]")
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,32})?")


class Malformed(Exception):
    """The value of the named field is missing or mistyped."""


def clean(text: str) -> str:
    """The text with NUL and lone surrogates replaced: neither can be stored or encoded."""
    return text if text.isascii() and "\x00" not in text else _UNSAFE.sub("\ufffd", text)


class Row:
    """A JSON object being read field by field; fields nobody asks for are ignored."""

    __slots__ = ("_values",)

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise Malformed("a row that is not an object")
        self._values: dict[str, Any] = value

    def identifier(self, key: str) -> str:
        """An id or a number: 1 to 128 visible ASCII characters, not negative."""
        text = self.text(key)
        if not _IDENTIFIER.fullmatch(text):
            raise Malformed(key)
        return text

    def receipt(self, key: str) -> str:
        """The id of something bought. Zero is what a server writes when it has none."""
        text = self.identifier(key)
        if not text.strip("0") or len(text) > MAX_RECEIPT:
            raise Malformed(key)
        return text

    def phone(self, key: str) -> str:
        """A phone number, without `+`."""
        number = self.identifier(key).removeprefix("+")
        if not 0 < len(number) <= MAX_PHONE:
            raise Malformed(key)
        return number

    def text(self, key: str) -> str:
        """A text, or a whole number's digits (a service is called 1688); empty if missing."""
        value = self._values.get(key)
        if value is None:
            return ""
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise Malformed(key)

    def dollars(self, key: str, *, negative: bool = False) -> Decimal:
        """US dollars, at most four decimals (beyond them lies only the noise of binary floats)."""
        return _amount(self._values.get(key), key, negative=negative)

    def cents(self, key: str) -> Decimal:
        """Cents on the wire, US dollars with at most four decimals here."""
        return _four_places(_amount(self._values.get(key), key) / 100)

    def count(self, key: str) -> int:
        value = self._values.get(key)
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
            raise Malformed(key)
        return value

    def flag(self, key: str) -> bool:
        return flag(self._values.get(key), key)

    def time(self, key: str) -> datetime:
        """ISO 8601; without a zone it is UTC, as documented."""
        value = self._values.get(key)
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
                if moment.year in YEARS:
                    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        raise Malformed(key)

    def time_or_none(self, key: str) -> datetime | None:
        return self.time(key) if self._values.get(key) else None

    def rows(self, key: str) -> list[Any]:
        """A list; null is how some servers write an empty one."""
        value = self._values.get(key, Malformed)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Malformed(key)
        return value


def flag(value: Any, name: str) -> bool:
    """A boolean, or one spelled as a text or as 0 and 1."""
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise Malformed(name)


def _amount(value: Any, name: str, *, negative: bool = False) -> Decimal:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Malformed(name)
    amount = Decimal(value)
    # The range comes first: rounding 1E+999999999 would need that many digits.
    if not -MAX_DOLLARS <= amount <= MAX_DOLLARS:
        raise Malformed(name)
    amount = _four_places(amount)
    if amount < 0 and not negative:
        raise Malformed(name)
    return amount or Decimal(0)  # no -0, and no 0E+999999999 that fills the memory when formatted


def _four_places(amount: Decimal) -> Decimal:
    return amount.quantize(_PLACES) if int(amount.as_tuple().exponent) < -4 else amount


def message_text(value: Any) -> str:
    """The text of an SMS: as it is when it came as a text, so that leading zeros stay."""
    if isinstance(value, str) and value:
        return clean(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise Malformed("the text of the SMS")


def table(read: Callable[[Row], R]) -> Callable[[Any], Rows[R]]:
    """A reader of many rows, in a list or in a map whose keys say nothing reliable.

    A row that cannot be read is left out and counted: one malformed price must not hide the
    thousand others of its country. A list of nothing else is malformed. Whoever misses a row in a
    list that left some out knows nothing about it; what was bought, a page of orders and a balance
    are never read this way.
    """

    def rows(value: Any) -> Rows[R]:
        if isinstance(value, dict):
            value = list(value.values())
        if not isinstance(value, list):
            raise Malformed("the list")
        good: list[R] = []
        fault: Malformed | None = None
        for row in value:
            try:
                good.append(read(Row(row)))
            except Malformed as error:
                fault = error
        if fault and not good:
            raise fault
        return Rows(good, skipped=len(value) - len(good))

    return rows


def page(read: Callable[[Row], R]) -> Callable[[Any], Page[R]]:
    """A reader of one page of a listing."""

    def one(value: Any) -> Page[R]:
        row = Row(value)
        items: Sequence[Any] = row.rows("list")
        return Page(
            items=tuple(read(Row(item)) for item in items),
            page_num=row.count("page_num"),
            page_size=row.count("page_size"),
            total_pages=row.count("total_page"),
            total=row.count("total"),
        )

    return one
