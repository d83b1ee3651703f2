"""Every call of the client and every fault of the provider: what the caller learns. Data only.

A row of ``FAULTS`` says which class of error a fault becomes; ``None`` is a good answer. What that
error means for money follows from the kind of call alone (``FACTS``). A new call of the client or a
new kind of fault that is not here fails ``test_fault_matrix``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sandbox.server import Sandbox
from smsbus import AnswerLost, BadAnswer, Call, Client, RateLimited, SmsBusError, wire
from smsbus import UnknownCode as Unknown
from tests.contract.cast import CANADA, TELEGRAM, US

Kind = Literal["read", "undo", "buy"]
Shape = Literal["object", "table", "page", "text", "flag", "nothing"]
Outcome = type[SmsBusError] | None

PATIENT: Final = 10.0
HASTY: Final = 0.6  # still enough for a connection on a machine that is busy with something else
LONG: Final = {"seconds": 30.0}


# Calls


@dataclass(frozen=True)
class Asked:
    """A call: what it does there, the shape of its ``data``, a field it cannot do without."""

    kind: Kind
    shape: Shape
    field: str
    make: Callable[[Sandbox, Client], Call[Any]]


def _received(sandbox: Sandbox, client: Client) -> str:
    bought = client.get_number(US, TELEGRAM)
    sandbox.deliver(bought.request_id, "077866")
    return bought.number


def _leased(sandbox: Sandbox, client: Client) -> tuple[str, str]:
    lease = client.rent_get_number(CANADA, 1)
    sandbox.deliver_lease(lease.mobile_number, "077866")
    return CANADA, lease.mobile_number


def _poll(sandbox: Sandbox, client: Client) -> Call[str]:
    request_id = client.get_number(US, TELEGRAM).request_id
    sandbox.deliver(request_id, "077866")
    return wire.get_sms(request_id)


def _list_leases(call: Callable[[], Call[Any]]) -> Callable[[Sandbox, Client], Call[Any]]:
    def make(sandbox: Sandbox, client: Client) -> Call[Any]:
        client.rent_get_number(CANADA, 1)
        return call()

    return make


CALLS: Final[Mapping[str, Asked]] = {
    "get/balance": Asked("read", "object", "frozen", lambda s, c: wire.get_balance()),
    "list/countries": Asked("read", "table", "id", lambda s, c: wire.list_countries()),
    "list/projects": Asked("read", "table", "id", lambda s, c: wire.list_projects()),
    "list/prices": Asked("read", "table", "cost", lambda s, c: wire.list_prices(US)),
    "get/number": Asked("buy", "object", "number", lambda s, c: wire.get_number(US, TELEGRAM)),
    "get/sms": Asked("read", "text", "data", _poll),
    "cancel": Asked(
        "undo", "nothing", "code", lambda s, c: wire.cancel(c.get_number(US, TELEGRAM).request_id)
    ),
    "reuse": Asked(
        "buy", "object", "request_id", lambda s, c: wire.reuse(US, TELEGRAM, _received(s, c))
    ),
    "rent/list/area": Asked("read", "table", "unit_price", lambda s, c: wire.rent_list_area()),
    "rent/get/number": Asked(
        "buy", "object", "order_id", lambda s, c: wire.rent_get_number(CANADA, 1)
    ),
    "rent/renew/number": Asked(
        "buy", "object", "expire_at", lambda s, c: wire.rent_renew_number(*_leased(s, c), 1)
    ),
    "rent/cancel/order": Asked(
        "undo",
        "nothing",
        "code",
        lambda s, c: wire.rent_cancel_order(c.rent_get_number(CANADA, 1).order_id),
    ),
    "rent/list/number": Asked("read", "page", "keep_at", _list_leases(wire.rent_list_number)),
    "rent/list/order": Asked("read", "page", "amount", _list_leases(wire.rent_list_order)),
    "rent/get/sms": Asked(
        "read", "object", "receive_at", lambda s, c: wire.rent_get_sms(*_leased(s, c))
    ),
    "rent/list/sms": Asked(
        "read", "page", "total", lambda s, c: wire.rent_list_sms(*_leased(s, c))
    ),
    "rent/change/link/status": Asked(
        "undo",
        "flag",
        "data",
        lambda s, c: wire.rent_change_link_status(*_leased(s, c), True),
    ),
}

NOTHING_HAPPENED: Final = (True, False)
FACTS: Final[Mapping[Kind, tuple[bool, bool]]] = {
    "read": (True, False),  # ask again
    "undo": (True, True),  # it may have happened; doing it again does no more
    "buy": (False, True),  # it may have cost money: never again on its own
}
"""``retry_safe`` and ``outcome_unknown`` of every error that is no refusal, by kind of call."""


# Faults


@dataclass(frozen=True)
class Fault:
    """A kind of ``sandbox.faults`` with its options, and what becomes of it.

    ``but`` names the shapes of ``data``, or the calls, that it becomes something else for.
    ``deadline`` is what the client allows, in seconds.
    """

    kind: str
    outcome: Outcome
    options: Mapping[str, Any] = field(default_factory=dict)
    but: Mapping[str, Outcome] = field(default_factory=dict)
    deadline: float = PATIENT

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r:.30}" for name, value in self.options.items())
        return f"{self.kind}({shown})"

    def becomes(self, call: str) -> Outcome:
        """What a caller of ``call`` gets: a class of error, or None for a good answer."""
        return self.but.get(call, self.but.get(CALLS[call].shape, self.outcome))

    def options_for(self, call: str) -> dict[str, Any]:
        """The options, with the field that ``call`` cannot do without where one is asked for."""
        named = {"field": CALLS[call].field} if self.kind in ("missing", "mistyped") else {}
        return dict(self.options) | named


_NO_NUMBERS_IN_IT: Final = {
    "text": None,
    "flag": None,
    **dict.fromkeys(("rent/get/number", "rent/renew/number", "rent/get/sms", "rent/cancel/order")),
}
_GZIP: Final = {"headers": {"Content-Encoding": "gzip"}, "encoding": "latin-1"}

FAULTS: Final[tuple[Fault, ...]] = (
    # The answer does not arrive.
    Fault("hang", AnswerLost, LONG | {"applied": True}, deadline=HASTY),
    Fault("hang", AnswerLost, LONG | {"applied": False}, deadline=HASTY),
    Fault("slow", AnswerLost, {"interval": 1.0}, deadline=HASTY),
    Fault("reset", AnswerLost, {"applied": True}),
    Fault("reset", AnswerLost, {"applied": False}),
    Fault("drop", AnswerLost, {"applied": True}),
    Fault("drop", AnswerLost, {"applied": False}),
    Fault("truncate", AnswerLost),
    Fault("endless", AnswerLost),
    Fault("enormous", AnswerLost),
    # Something else arrives.
    Fault("http_error", BadAnswer, {"status": 404}),
    Fault("http_error", BadAnswer, {"status": 500}),
    Fault("http_error", BadAnswer, {"status": 502, "applied": True}),
    Fault("http_error", BadAnswer, {"status": 503, "retry_after": 9}),
    Fault("http_error", RateLimited, {"status": 429}),
    Fault("http_error", RateLimited, {"status": 429, "retry_after": 7, "applied": True}),
    Fault("redirect", BadAnswer),
    Fault("unknown_code", Unknown),
    Fault("unknown_code", Unknown, {"code": -1, "applied": True}),
    Fault("body", BadAnswer, {"text": ""}),
    Fault("body", BadAnswer, {"text": "OK"}),
    Fault("body", BadAnswer, {"text": '{"code": 200, "data": "1"}', "status": 502}),
    Fault("body", BadAnswer, {"text": '{"code": 200, "data": "1"}', "encoding": "utf-16"}),
    Fault("body", BadAnswer, {"text": "\x1f\x8b\x08 no gzip"} | _GZIP),
    # It is not what it should be.
    Fault("malformed", BadAnswer),
    Fault("deep", BadAnswer, {"depth": 20_000}),
    Fault("deep", AnswerLost, but={"table": BadAnswer, "page": BadAnswer}),  # 200 KB
    Fault("nan", BadAnswer, but=_NO_NUMBERS_IN_IT),
    Fault("infinity", BadAnswer, but=_NO_NUMBERS_IN_IT),
    Fault("missing", BadAnswer),
    Fault("mistyped", BadAnswer),
    Fault("mistyped", BadAnswer, {"value": None}),
    Fault("no_data", BadAnswer, but={"nothing": None, "rent/get/sms": None}),
    Fault("lists", None, but={"object": BadAnswer, "page": BadAnswer}),
    # It is as good as any other.
    Fault("string_codes", None),
    Fault("price_change", None),
    Fault("clock_skew", None, {"seconds": 3600.0}),
    Fault("clock_skew", None, {"seconds": -3600.0}),
    Fault("none", None),
)
