"""The calls of the protocol: from path and query to the answer's ``code``, ``message``, ``data``.

Reads parameters and writes shapes; the rules are in ``activations`` and ``leases``. A parameter
that is missing or malformed is treated as naming nothing, so every answer has a documented code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from sandbox.activations import Request
from sandbox.books import Account
from sandbox.codes import (
    LEASE_NOT_FOUND,
    MESSAGES,
    NO_SERVICE_FOR_COUNTRY,
    NO_SMS_YET,
    SUCCESS,
    SUCCESS_MESSAGE,
    WRONG_TOKEN,
    WRONG_TOKEN_ON_REUSE,
    Refusal,
)
from sandbox.leases import Lease, Order
from sandbox.numbering import dialling_code
from sandbox.world import LONG, World

Params = dict[str, str]
Row = TypeVar("Row")
Leased = TypeVar("Leased", Lease, Order)

OTP_BASE = "/api/control/"
RENT_BASE = "/v1/rent/"
LINK_BASE = "/s/"
NO_DATA = object()
NO_ID = -1
PAGE_SIZE = 10
LARGEST_PAGE = 500


@dataclass
class Shape:
    """Where the documentation and public clients differ, or say nothing: what this provider does.

    ``string_codes``: ``code`` as a JSON string. ``lists``: maps as lists. ``prices_keyed_by``:
    ``project``, or ``country`` for keys that say nothing about the row.
    ``balance_includes_frozen``: ``balance`` is what the customer owns, not what can be spent.
    ``no_lease_sms``: what the rent service's ``get/sms`` answers before the first SMS: 200
    (``data`` null), 404 or 50101.
    """

    string_codes: bool = False
    lists: bool = False
    prices_keyed_by: str = "project"
    balance_includes_frozen: bool = False
    no_lease_sms: int = SUCCESS

    def __post_init__(self) -> None:
        if self.prices_keyed_by not in ("project", "country"):
            raise ValueError("prices_keyed_by is 'project' or 'country'")
        if self.no_lease_sms not in (SUCCESS, LEASE_NOT_FOUND, NO_SMS_YET):
            raise ValueError("no_lease_sms is 200, 404 or 50101")


def call_name(path: str) -> str | None:
    """``get/number``, ``rent/get/number``; ``None`` for a path that is no call."""
    return NAMES.get(path)


class Calls:
    """Answers one call at a time, each within a turn of the world."""

    def __init__(self, world: World, shape: Shape, base_url: str) -> None:
        self._world = world
        self._shape = shape
        self._base_url = base_url

    def answer(self, name: str, params: Params) -> dict[str, Any]:
        """The body of the answer. ``name`` is one that ``call_name`` gave."""
        wrong_token = WRONG_TOKEN_ON_REUSE if name == "reuse" else WRONG_TOKEN
        body: dict[str, Any]
        try:
            with self._world.turn() as now:
                account = self._world.authenticate(params.get("token"), wrong_token)
                data = self.HANDLERS[name](self, account, params, now)
            body = {"code": SUCCESS, "message": SUCCESS_MESSAGE}
            if data is not NO_DATA:
                body["data"] = data
        except Refusal as refusal:
            body = {"code": refusal.code, "message": refusal.message, "data": None}
        if self._shape.string_codes:
            body["code"] = str(body["code"])
        return body

    # OTP

    def _get_balance(self, account: Account, params: Params, now: float) -> Any:
        owned = account.frozen if self._shape.balance_includes_frozen else Decimal(0)
        return {"balance": _number(account.balance + owned), "frozen": _number(account.frozen)}

    def _list_countries(self, account: Account, params: Params, now: float) -> Any:
        rows = self._world.catalogue.countries.values()
        return self._map([(c.id, {"id": c.id, "title": c.title, "code": c.code}) for c in rows])

    def _list_projects(self, account: Account, params: Params, now: float) -> Any:
        rows = self._world.catalogue.services.values()
        return self._map([(s.id, {"id": s.id, "title": s.title, "code": s.code}) for s in rows])

    def _list_prices(self, account: Account, params: Params, now: float) -> Any:
        country = self._world.catalogue.countries.get(integer(params, "country_id"))
        if country is None:
            raise Refusal(NO_SERVICE_FOR_COUNTRY)
        rows = []
        for place, offer in enumerate(self._world.offers_of(country.id)):
            by_country = self._shape.prices_keyed_by == "country"
            row = {
                "country_id": country.id,
                "project_id": offer.project_id,
                "cost": _number(offer.cost),
                "total_count": offer.stock,
                "title": country.title,
                "code": country.code,
            }
            rows.append((country.id + place if by_country else offer.project_id, row))
        return self._map(rows)

    def _get_number(self, account: Account, params: Params, now: float) -> Any:
        request = self._world.activations.buy(
            account,
            integer(params, "country_id"),
            integer(params, "project_id"),
            now=now,
            refer_id=params.get("refer_id"),
            reuse=_boolean(params, "reuse", False),
        )
        return self._sold(request)

    def _get_sms(self, account: Account, params: Params, now: float) -> Any:
        return self._world.activations.read(account, params.get("request_id", ""), now)

    def _cancel(self, account: Account, params: Params, now: float) -> Any:
        self._world.activations.cancel(account, params.get("request_id", ""))
        return NO_DATA

    def _reuse(self, account: Account, params: Params, now: float) -> Any:
        request = self._world.activations.reuse(
            account,
            integer(params, "country_id"),
            integer(params, "project_id"),
            params.get("mobile_number", ""),
            now=now,
            refer_id=params.get("refer_id"),
        )
        return self._sold(request)

    # Rent

    def _list_area(self, account: Account, params: Params, now: float) -> Any:
        return [
            {
                "area_code": area.code,
                "area_title": area.title,
                "unit_price": area.unit_price,
                "min_month": area.min_month,
                "total": area.stock,
            }
            for area in self._world.leases.areas.values()
        ]

    def _lease_number(self, account: Account, params: Params, now: float) -> Any:
        order = self._world.leases.lease(
            account, params.get("area_code", ""), integer(params, "time"), now=now
        )
        return self._ordered(order)

    def _renew_number(self, account: Account, params: Params, now: float) -> Any:
        area_code, number = _place(params)
        months = integer(params, "time")
        return self._ordered(self._world.leases.renew(account, area_code, number, months, now=now))

    def _cancel_order(self, account: Account, params: Params, now: float) -> Any:
        self._world.leases.cancel(account, params.get("order_id", ""), now=now)
        return "Cancel successful"

    def _list_number(self, account: Account, params: Params, now: float) -> Any:
        only_active = _boolean(params, "only_active", True)
        leases = self._world.leases.numbers_of(account, only_active=only_active, now=now)
        return _page(_filtered(leases, params), params, self._number_row)

    def _list_order(self, account: Account, params: Params, now: float) -> Any:
        orders = self._world.leases.orders_of(account)
        return _page(_filtered(orders, params), params, self._order_row)

    def _get_lease_sms(self, account: Account, params: Params, now: float) -> Any:
        messages = self._world.leases.find(account, *_place(params)).messages
        if messages:
            return self._message_row(messages[-1])
        if self._shape.no_lease_sms == SUCCESS:
            return None
        raise Refusal(self._shape.no_lease_sms, MESSAGES[NO_SMS_YET])

    def _list_lease_sms(self, account: Account, params: Params, now: float) -> Any:
        messages = self._world.leases.find(account, *_place(params)).messages
        return _page(messages[::-1], params, self._message_row)

    def _change_link(self, account: Account, params: Params, now: float) -> Any:
        status = _boolean(params, "status", False)
        return self._world.leases.change_link(account, *_place(params), status)

    # Shapes

    def _map(self, rows: list[tuple[int, dict[str, Any]]]) -> Any:
        if self._shape.lists:
            return [row for _, row in rows]
        return {str(key): row for key, row in rows}

    def _sold(self, request: Request) -> dict[str, Any]:
        """Short ids come as integers; with a long id comes ``area_code``, as seen on the wire."""
        if self._world.ids != LONG:
            return {"request_id": int(request.id), "number": request.number}
        code = self._world.catalogue.countries[request.country_id].code
        return {
            "request_id": request.id,
            "number": request.number,
            "area_code": dialling_code(code),
        }

    def _ordered(self, order: Order) -> dict[str, Any]:
        return {
            "order_id": order.id,
            "mobile_number": order.mobile_number,
            "dialing_code": dialling_code(order.area_code.lower()),
            "area_code": order.area_code,
            "expire_at": self._world.clock.iso(order.expire_at),
            "keep_at": self._world.clock.iso(order.keep_at),
        }

    def _number_row(self, lease: Lease) -> dict[str, Any]:
        return {
            "area_code": lease.area_code,
            "area_name": self._world.leases.areas[lease.area_code].title,
            "dialing_code": dialling_code(lease.area_code.lower()),
            "mobile_number": lease.mobile_number,
            "first_seen_at": self._world.clock.iso(lease.first_seen_at),
            "expire_at": self._world.clock.iso(lease.expire_at),
            "keep_at": self._world.clock.iso(lease.keep_at),
            "auto_renew": lease.auto_renew,
            "sms_link": self._base_url + LINK_BASE + lease.link,
            "allow_link": lease.allow_link,
        }

    def _order_row(self, order: Order) -> dict[str, Any]:
        return {
            "order_id": order.id,
            "area_code": order.area_code,
            "area_name": self._world.leases.areas[order.area_code].title,
            "dialing_code": dialling_code(order.area_code.lower()),
            "mobile_number": order.mobile_number,
            "rent_month": order.months,
            "amount": order.amount,
            "status": order.status,
            "order_at": self._world.clock.iso(order.order_at),
            "begin_at": self._world.clock.iso(order.begin_at),
            "expire_at": self._world.clock.iso(order.expire_at),
            "keep_at": self._world.clock.iso(order.keep_at),
        }

    def _message_row(self, message: tuple[str, float]) -> dict[str, Any]:
        text, received_at = message
        return {"content": text, "receive_at": self._world.clock.iso(received_at)}

    HANDLERS: dict[str, Callable[["Calls", Account, Params, float], Any]] = {
        "get/balance": _get_balance,
        "list/countries": _list_countries,
        "list/projects": _list_projects,
        "list/prices": _list_prices,
        "get/number": _get_number,
        "get/sms": _get_sms,
        "cancel": _cancel,
        "reuse": _reuse,
        "rent/list/area": _list_area,
        "rent/get/number": _lease_number,
        "rent/renew/number": _renew_number,
        "rent/cancel/order": _cancel_order,
        "rent/list/number": _list_number,
        "rent/list/order": _list_order,
        "rent/get/sms": _get_lease_sms,
        "rent/list/sms": _list_lease_sms,
        "rent/change/link/status": _change_link,
    }


NAMES = {
    RENT_BASE + name.removeprefix("rent/") if name.startswith("rent/") else OTP_BASE + name: name
    for name in Calls.HANDLERS
}


def _number(amount: Decimal) -> int | float:
    """Dollars as the JSON number that reads the same: a float's shortest text is exact for the
    four decimals and few digits that prices have. Whole amounts come as integers (``0``)."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def integer(params: Params, name: str) -> int:
    """A parameter that names a number; ``NO_ID`` when it is missing or is none."""
    text = params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else NO_ID


def _boolean(params: Params, name: str, default: bool) -> bool:
    text = params.get(name, "").lower()
    if text in ("true", "1", "yes"):
        return True
    return False if text in ("false", "0", "no") else default


def _place(params: Params) -> tuple[str, str]:
    return params.get("area_code", ""), params.get("mobile_number", "")


def _filtered(rows: Sequence[Leased], params: Params) -> list[Leased]:
    area_code, number = _place(params)
    return [
        row
        for row in rows
        if area_code in ("", row.area_code) and number in ("", row.mobile_number)
    ]


def _page(
    rows: Sequence[Row], params: Params, shape: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    size = integer(params, "page_size")
    size = min(size, LARGEST_PAGE) if size >= 1 else PAGE_SIZE
    number = max(1, integer(params, "page_num"))
    start = (number - 1) * size
    return {
        "page_num": number,
        "page_size": size,
        "total_page": -(-len(rows) // size),
        "total": len(rows),
        "list": [shape(row) for row in rows[start : start + size]],
    }
