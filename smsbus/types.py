"""What the provider tells us, as plain values.

Ids and phone numbers are text, whatever the wire used: ids have been seen with 21 digits.
Money is `Decimal` US dollars, lease cents already divided. Times are aware and in UTC.
Every string is safe to store and to encode: no NUL, no lone surrogate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Balance:
    """Dollars free to spend, and dollars held for open requests."""

    balance: Decimal
    frozen: Decimal


@dataclass(frozen=True, slots=True)
class Country:
    """A country as the provider numbers it; `code` is ISO 3166-1 alpha-2, in its lower case."""

    id: str
    title: str
    code: str


@dataclass(frozen=True, slots=True)
class Project:
    """The service an SMS comes from (Telegram, `tg`)."""

    id: str
    title: str
    code: str


@dataclass(frozen=True, slots=True)
class Price:
    """What one number for a project costs in a country, and how many are left."""

    country_id: str
    project_id: str
    cost: Decimal
    total_count: int


@dataclass(frozen=True, slots=True)
class Number:
    """A bought temporary number, with its dialling code and without `+`."""

    request_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Area:
    """Where numbers can be leased."""

    area_code: str
    title: str
    monthly_price: Decimal
    min_months: int
    total: int


@dataclass(frozen=True, slots=True)
class LeasedNumber:
    """What a lease or a renewal bought. `mobile_number` lacks the dialling code.

    The lease runs until `expire_at` and can still be renewed until `keep_at`.
    """

    order_id: str
    mobile_number: str
    dialing_code: str
    area_code: str
    expire_at: datetime
    keep_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """A row of `list/number`. While `allow_link` is true, `sms_link` shows the SMS to anyone."""

    area_code: str
    area_name: str
    dialing_code: str
    mobile_number: str
    first_seen_at: datetime | None
    expire_at: datetime
    keep_at: datetime
    auto_renew: bool
    sms_link: str
    allow_link: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A row of `list/order`; `status` is "COMPLETED" or "CANCEL", `amount` is dollars."""

    order_id: str
    area_code: str
    area_name: str
    dialing_code: str
    mobile_number: str
    rent_month: int
    amount: Decimal
    status: str
    order_at: datetime
    begin_at: datetime | None
    expire_at: datetime | None
    keep_at: datetime | None


@dataclass(frozen=True, slots=True)
class LeaseSms:
    """One SMS that a leased number received."""

    content: str
    receive_at: datetime


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a lease listing; pages count from 1."""

    items: tuple[T, ...]
    page_num: int
    page_size: int
    total_pages: int
    total: int


class Rows(tuple[T, ...]):
    """The rows of a list. `skipped`: how many more it had that could not be read."""

    skipped: int

    def __new__(cls, rows: Iterable[T] = (), *, skipped: int = 0) -> Self:
        self = super().__new__(cls, rows)
        self.skipped = skipped
        return self
