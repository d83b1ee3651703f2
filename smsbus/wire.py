"""The provider's wire without any I/O: one function for each call, one reader for each answer.

    call = wire.get_sms("124")                  what to ask
    answer = transport.send(call, …)            how it was answered
    text = call.read(answer)                    what it means, or an error from the tree

So a purchase can keep the answer before it is read, and a test needs no socket. The token is in
no `Call`: it joins the URL when that is made; `Answer.received` removes it from what comes back.

Source of each parameter, answer and code: the provider's API documentation; where public clients
have seen something else, both are accepted.
"""

from __future__ import annotations

from typing import Any, Final

from smsbus import fields
from smsbus.body import scrub
from smsbus.call import KIB, Answer, Call, Service
from smsbus.fields import Row
from smsbus.types import (
    Area,
    Balance,
    Country,
    Lease,
    LeasedNumber,
    LeaseSms,
    Number,
    Order,
    Page,
    Price,
    Project,
    Rows,
)

__all__ = ["CALLS", "Answer", "Call", "Service", "scrub"]

_LIST: Final = 1024 * KIB


def _codes(*documented: int, wrong_token: int = 401) -> frozenset[int]:
    return frozenset({wrong_token, *documented})


def _nothing(value: Any) -> None:
    """For calls whose success says it all; `data` is often missing, or a remark."""


def _balance(value: Any) -> Balance:
    row = Row(value)
    return Balance(row.dollars("balance", negative=True), row.dollars("frozen"))


def _country(row: Row) -> Country:
    return Country(row.identifier("id"), row.text("title"), row.text("code"))


def _project(row: Row) -> Project:
    return Project(row.identifier("id"), row.text("title"), row.text("code"))


def _price(row: Row) -> Price:
    return Price(
        country_id=row.identifier("country_id"),
        project_id=row.identifier("project_id"),
        cost=row.dollars("cost"),
        total_count=row.count("total_count"),
    )


def _number(value: Any) -> Number:
    row = Row(value)
    return Number(row.receipt("request_id"), row.phone("number"))


def _area(row: Row) -> Area:
    return Area(
        area_code=row.identifier("area_code"),
        title=row.text("area_title"),
        monthly_price=row.cents("unit_price"),
        min_months=row.count("min_month"),
        total=row.count("total"),
    )


def _leased(value: Any) -> LeasedNumber:
    row = Row(value)
    return LeasedNumber(
        order_id=row.receipt("order_id"),
        mobile_number=row.phone("mobile_number"),
        dialing_code=row.phone("dialing_code"),
        area_code=row.identifier("area_code"),
        expire_at=row.time("expire_at"),
        keep_at=row.time("keep_at"),
    )


def _lease(row: Row) -> Lease:
    return Lease(
        area_code=row.identifier("area_code"),
        area_name=row.text("area_name"),
        dialing_code=row.phone("dialing_code"),
        mobile_number=row.phone("mobile_number"),
        first_seen_at=row.time_or_none("first_seen_at"),
        expire_at=row.time("expire_at"),
        keep_at=row.time("keep_at"),
        auto_renew=row.flag("auto_renew"),
        sms_link=row.text("sms_link"),
        allow_link=row.flag("allow_link"),
    )


def _order(row: Row) -> Order:
    return Order(
        order_id=row.receipt("order_id"),
        area_code=row.identifier("area_code"),
        area_name=row.text("area_name"),
        dialing_code=row.phone("dialing_code"),
        mobile_number=row.phone("mobile_number"),
        rent_month=row.count("rent_month"),
        amount=row.cents("amount"),
        status=row.text("status"),
        order_at=row.time("order_at"),
        begin_at=row.time_or_none("begin_at"),
        expire_at=row.time_or_none("expire_at"),
        keep_at=row.time_or_none("keep_at"),
    )


def _lease_sms(row: Row) -> LeaseSms:
    return LeaseSms(row.text("content"), row.time("receive_at"))


def _newest_sms(value: Any) -> LeaseSms | None:
    return None if value is None else _lease_sms(Row(value))


def _link_status(value: Any) -> bool:
    return fields.flag(value, "the status")


_GET_BALANCE: Final = Call("get/balance", "otp", _balance, _codes())
_LIST_COUNTRIES: Final = Call(
    "list/countries", "otp", fields.table(_country), _codes(), max_body=_LIST
)
_LIST_PROJECTS: Final = Call(
    "list/projects", "otp", fields.table(_project), _codes(), max_body=_LIST
)
_LIST_PRICES: Final = Call(
    "list/prices", "otp", fields.table(_price), _codes(50001), max_body=_LIST
)
_GET_NUMBER: Final = Call(
    "get/number",
    "otp",
    _number,
    _codes(50002, 50104, 50201, 50208, 50214),
    effect=True,
    idempotent=False,
)
_GET_SMS: Final = Call("get/sms", "otp", fields.message_text, _codes(50101, 50102))
_CANCEL: Final = Call("cancel", "otp", _nothing, _codes(50103), effect=True)
_REUSE: Final = Call(
    "reuse",
    "otp",
    _number,
    _codes(50001, 50007, 50107, 50108, 50109, 50201, 50208, wrong_token=400),
    effect=True,
    idempotent=False,
)
_RENT_LIST_AREA: Final = Call(
    "rent/list/area", "rent", fields.table(_area), _codes(), max_body=_LIST
)
_RENT_GET_NUMBER: Final = Call(
    "rent/get/number",
    "rent",
    _leased,
    _codes(50004, 50201, 50208, 50401, 50402),
    effect=True,
    idempotent=False,
)
_RENT_RENEW_NUMBER: Final = Call(
    "rent/renew/number",
    "rent",
    _leased,
    _codes(50201, 50401, 50402, 50404),
    effect=True,
    idempotent=False,
)
_RENT_CANCEL_ORDER: Final = Call(
    "rent/cancel/order", "rent", _nothing, _codes(50005, 50403, 50405), effect=True
)
_RENT_LIST_NUMBER: Final = Call(
    "rent/list/number", "rent", fields.page(_lease), _codes(), max_body=_LIST
)
_RENT_LIST_ORDER: Final = Call(
    "rent/list/order", "rent", fields.page(_order), _codes(), max_body=_LIST
)
_RENT_GET_SMS: Final = Call("rent/get/sms", "rent", _newest_sms, _codes(404))
_RENT_LIST_SMS: Final = Call(
    "rent/list/sms", "rent", fields.page(_lease_sms), _codes(404), max_body=_LIST
)
_RENT_CHANGE_LINK_STATUS: Final = Call(
    "rent/change/link/status", "rent", _link_status, _codes(404), effect=True
)

CALLS: Final[tuple[Call[Any], ...]] = (
    _GET_BALANCE,
    _LIST_COUNTRIES,
    _LIST_PROJECTS,
    _LIST_PRICES,
    _GET_NUMBER,
    _GET_SMS,
    _CANCEL,
    _REUSE,
    _RENT_LIST_AREA,
    _RENT_GET_NUMBER,
    _RENT_RENEW_NUMBER,
    _RENT_CANCEL_ORDER,
    _RENT_LIST_NUMBER,
    _RENT_LIST_ORDER,
    _RENT_GET_SMS,
    _RENT_LIST_SMS,
    _RENT_CHANGE_LINK_STATUS,
)
"""All calls, without their parameters."""


def get_balance() -> Call[Balance]:
    """Free and held dollars of the account."""
    return _GET_BALANCE


def list_countries() -> Call[Rows[Country]]:
    return _LIST_COUNTRIES


def list_projects() -> Call[Rows[Project]]:
    return _LIST_PROJECTS


def list_prices(country_id: str) -> Call[Rows[Price]]:
    """Every price of a country. 50001: it offers nothing."""
    return _LIST_PRICES.having(country_id=country_id)


def get_number(
    country_id: str, project_id: str, *, refer_id: str | None = None, reuse: bool | None = None
) -> Call[Number]:
    """Buy a number: freezes its cost. `reuse`: only one that can be used again, for 20 minutes."""
    return _GET_NUMBER.having(
        country_id=country_id, project_id=project_id, refer_id=refer_id or None, reuse=reuse
    )


def get_sms(request_id: str) -> Call[str]:
    """The code or text; NoSmsYet until it comes, RequestReleased when it never will."""
    return _GET_SMS.having(request_id=request_id)


def cancel(request_id: str) -> Call[None]:
    """Give a number back. RequestClosed: perhaps an SMS came first, so look once more."""
    return _CANCEL.having(request_id=request_id)


def reuse(
    country_id: str, project_id: str, mobile_number: str, *, refer_id: str | None = None
) -> Call[Number]:
    """Buy a number again; `mobile_number` with its dialling code, and without `+`."""
    return _REUSE.having(
        country_id=country_id,
        project_id=project_id,
        mobile_number=mobile_number.removeprefix("+"),
        refer_id=refer_id or None,
    )


def rent_list_area() -> Call[Rows[Area]]:
    return _RENT_LIST_AREA


def rent_get_number(area_code: str, months: int) -> Call[LeasedNumber]:
    """Lease a number for some months: charges at once."""
    return _RENT_GET_NUMBER.having(area_code=area_code, time=months)


def rent_renew_number(area_code: str, mobile_number: str, months: int) -> Call[LeasedNumber]:
    """Lengthen a lease: a new order. `mobile_number` without its dialling code, here and below."""
    return _RENT_RENEW_NUMBER.having(area_code=area_code, mobile_number=mobile_number, time=months)


def rent_cancel_order(order_id: str) -> Call[None]:
    """Undo a lease: within 20 minutes, before any SMS, at most three times for one number."""
    return _RENT_CANCEL_ORDER.having(order_id=order_id)


def rent_list_number(
    *,
    area_code: str | None = None,
    mobile_number: str | None = None,
    only_active: bool | None = None,
    page_num: int = 1,
    page_size: int = 10,
) -> Call[Page[Lease]]:
    """Leased numbers; the provider takes `only_active` for true if left out. At most 500 a page."""
    return _RENT_LIST_NUMBER.having(
        area_code=area_code,
        mobile_number=mobile_number,
        only_active=only_active,
        page_num=page_num,
        page_size=page_size,
    )


def rent_list_order(
    *,
    area_code: str | None = None,
    mobile_number: str | None = None,
    page_num: int = 1,
    page_size: int = 10,
) -> Call[Page[Order]]:
    """Lease orders, renewals among them. At most 500 a page."""
    return _RENT_LIST_ORDER.having(
        area_code=area_code, mobile_number=mobile_number, page_num=page_num, page_size=page_size
    )


def rent_get_sms(area_code: str, mobile_number: str) -> Call[LeaseSms | None]:
    """The newest SMS of a leased number; None when the provider answers without one."""
    return _RENT_GET_SMS.having(area_code=area_code, mobile_number=mobile_number)


def rent_list_sms(
    area_code: str, mobile_number: str, *, page_num: int = 1, page_size: int = 10
) -> Call[Page[LeaseSms]]:
    return _RENT_LIST_SMS.having(
        area_code=area_code, mobile_number=mobile_number, page_num=page_num, page_size=page_size
    )


def rent_change_link_status(area_code: str, mobile_number: str, status: bool) -> Call[bool]:
    """Let anyone with the link read this number's SMS, or stop that; answers the new status."""
    return _RENT_CHANGE_LINK_STATUS.having(
        area_code=area_code, mobile_number=mobile_number, status=status
    )
