"""``/_sandbox/``: the control operations over HTTP, and a page to deliver an SMS by hand.

``POST /_sandbox/<operation>`` with a JSON object of its arguments; ``GET /_sandbox/<list>``. The
page's form posts the same as form data. There is no password: the sandbox listens on loopback.
"""

import inspect
import json
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from sandbox.books import Account
from sandbox.calls import LINK_BASE, Params
from sandbox.catalogue import Offer
from sandbox.connection import HTML, JSON, Connection, HttpRequest
from sandbox.control import Control
from sandbox.service import gateway_error

BASE = "/_sandbox/"
SHOWN = 100  # newest first: what the page shows of each list
FORM = "application/x-www-form-urlencoded"
OPERATIONS = (
    "add_account",
    "update_account",
    "top_up",
    "block",
    "deliver",
    "deliver_lease",
    "advance",
    "set_price",
    "set_area",
    "set_auto_renew",
    "fault",
    "clear_faults",
)

STYLE = (
    "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.4rem;text-align:left;"
    "border-bottom:1px solid #8884;overflow-wrap:anywhere}"
)
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox</title>
<meta name="viewport" content="width=device-width"><style>{style}</style>
<h1>Sandbox provider</h1><p>It is {now} here. {accounts} accounts.</p>
<h2>Numbers waiting for an SMS</h2><table><tr><th>Request<th>Number<th>For<th>SMS<th>Deliver</tr>
{requests}</table>
<h2>Leased numbers</h2><table><tr><th>Area<th>Number<th>Until<th>SMS<th>Deliver</tr>
{leases}</table></html>"""
ROW = "<tr><td>{}<td>{}<td>{}<td>{}<td>{}</tr>"
DELIVERY = """<form method="post" action="{base}{operation}">
<input type="hidden" name="{key}" value="{value}">
<input name="text" required aria-label="SMS text" value="Your code is 048213">
<button>Deliver</button></form>"""


class Panel:
    """Answers everything that is not a call of the protocol."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._lists: dict[str, Callable[[Params], Any]] = {
            "accounts": lambda params: control.list_accounts(),
            "requests": lambda params: control.list_requests(),
            "leases": lambda params: control.list_leases(),
            "books": lambda params: [e.as_json() for e in control.books(params.get("token", ""))],
            "calls": lambda params: self._calls(params),
            "counts": lambda params: control.service.counts,
        }

    def respond(self, request: HttpRequest, connection: Connection) -> None:
        name = request.path.removeprefix(BASE)
        if request.path.startswith(LINK_BASE) and request.method == "GET":
            connection.answer(*self._shared(request.path.removeprefix(LINK_BASE)))
        elif request.path == BASE and request.method == "GET":
            connection.answer(self._page(), content_type=HTML)
        elif request.path == BASE + name and request.method == "GET" and name in self._lists:
            params = dict(parse_qsl(request.query))
            connection.answer(*_reply(lambda: self._lists[name](params)))
        elif request.path == BASE + name and request.method == "POST" and name in OPERATIONS:
            self._operate(name, request, connection)
        else:
            connection.answer(*gateway_error(404))

    def _operate(self, name: str, request: HttpRequest, connection: Connection) -> None:
        """From the page's form: back to the page."""
        answer = _reply(lambda: self._call(name, request))
        if request.content_type.startswith(FORM) and answer[1] == 200:
            connection.answer(b"", 303, HTML, {"Location": BASE})
        else:
            connection.answer(*answer)

    def _call(self, name: str, request: HttpRequest) -> Any:
        operation = getattr(self._control, name)
        arguments = _arguments(request)
        try:
            inspect.signature(operation).bind(**arguments)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from None
        return operation(**arguments)

    def _calls(self, params: Params) -> list[dict[str, Any]]:
        """``?name=get/number`` for the calls of one name only."""
        name = params.get("name")
        return [call.as_json() for call in self._control.calls if name in (None, call.name)]

    def _shared(self, link: str) -> tuple[bytes, int, str]:
        """What anyone with a lease's link sees."""
        with self._control.world.turn():
            lease = self._control.world.leases.shared(link)
            if lease is None:
                body, status, content_type, _ = gateway_error(404)
                return body, status, content_type
            texts = "".join(f"<li>{escape(text)}</li>" for text, _ in reversed(lease.messages))
        page = f'<!doctype html><meta charset="utf-8"><title>SMS</title><ul>{texts}</ul>'
        return page.encode("utf-8", "replace"), 200, HTML

    def _page(self) -> bytes:
        control = self._control
        requests = "".join(
            _row(
                row["request_id"],
                "+" + row["number"],
                f"{row['service']}, {row['country']}",
                row["texts"],
                _delivery("deliver", "request_id", row["request_id"]),
            )
            for row in control.list_requests()[:SHOWN]
        )
        leases = "".join(
            _row(
                row["area_code"],
                row["mobile_number"],
                row["expire_at"],
                row["messages"],
                _delivery("deliver_lease", "mobile_number", row["mobile_number"]),
            )
            for row in control.list_leases()[:SHOWN]
        )
        clock = control.world.clock
        page = PAGE.format(
            style=STYLE,
            now=clock.iso(clock.now()),
            accounts=len(control.world.accounts),
            requests=requests,
            leases=leases,
        )
        return page.encode("utf-8", "replace")


def _arguments(request: HttpRequest) -> dict[str, Any]:
    """The body as keyword arguments. Raises ``ValueError`` if it is no object."""
    if request.content_type.startswith(FORM):
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body is a JSON object")
    return body


def _reply(operation: Callable[[], Any]) -> tuple[bytes, int, str]:
    try:
        result, status = {"ok": True, "result": operation()}, 200
    except KeyError as error:
        result, status = {"ok": False, "error": str(error.args[0])}, 404
    except (ValueError, TypeError, ArithmeticError) as error:
        result, status = {"ok": False, "error": str(error)}, 400
    return json.dumps(result, default=_encode).encode(), status, JSON


def _encode(value: object) -> Any:
    if isinstance(value, Account):
        return {"index": value.index, "balance": str(value.balance)}
    if isinstance(value, Offer):
        return {"cost": str(value.cost), "stock": value.stock, "reusable": value.reusable}
    return str(value)


def _row(first: str, number: str, about: str, texts: list[str], form: str) -> str:
    cells = (first, number, about, " · ".join(texts))
    return ROW.format(*map(escape, cells), form)


def _delivery(operation: str, key: str, value: str) -> str:
    return DELIVERY.format(base=BASE, operation=operation, key=key, value=escape(value))
