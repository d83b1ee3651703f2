"""Faults on demand: a script of misbehaviour for each call.

``Faults.add`` appends to the script of a call (``get/number``, ``rent/get/sms``; ``*`` is every
call without a script of its own); each call that comes in takes the next one. A fault is one of
``KINDS``; ``applied`` says whether the call still has its effect: ``True`` (before the fault
shows), ``False`` (never), or for ``hang`` ``"late"`` (after the wait, although the client may be
gone).

One fault is not here, for it may strike without a call: a refund that never comes
(``World.withhold_refunds``).
"""

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sandbox.calls import Calls

Applied = bool | Literal["late"]

# kind -> (whether the effect is applied unless told otherwise, its options with their defaults)
KINDS: dict[str, tuple[Applied, dict[str, Any]]] = {
    # nothing wrong: a place in a script
    "none": (True, {}),
    # how the answer travels
    "hang": (True, {"seconds": 30.0}),  # then answer (applied, late) or hang up (not applied)
    "reset": (True, {}),  # TCP reset in place of the answer
    "drop": (True, {}),  # connection closed in place of the answer
    "truncate": (True, {}),  # half of the announced body, then closed
    "slow": (True, {"interval": 1.0}),  # the body one byte at a time
    "endless": (True, {}),  # a body that never ends
    # another answer in its place
    "http_error": (False, {"status": 502, "retry_after": None}),  # with a page of HTML
    "redirect": (False, {"location": None}),  # to /_sandbox/trap, which records who follows
    "unknown_code": (False, {"code": 59999, "message": "Unknown trouble"}),
    # this text, or with "latin-1" any bytes
    "body": (False, {"text": "", "encoding": "utf-8", "status": 200, "headers": None}),
    "malformed": (True, {}),  # half of the JSON, announced as whole
    "deep": (True, {"depth": 100_000}),  # arrays in arrays
    "enormous": (True, {"size": 2 * 1024 * 1024}),  # valid JSON of this many bytes
    # the answer, edited: these always have their effect
    "nan": (True, {}),  # every number is NaN
    "infinity": (True, {}),
    "missing": (True, {"field": None}),  # a field is gone, wherever it stood
    "mistyped": (True, {"field": None, "value": {"not": "expected"}}),
    "no_data": (True, {}),  # a success without data
    "string_codes": (True, {}),
    "lists": (True, {}),  # maps as lists
    # the provider's world
    "price_change": (True, {"cost": None, "factor": "2"}),  # just before the number is sold
    "clock_skew": (True, {"seconds": 3600.0}),  # all times in the answer are off
}
ALWAYS_APPLIED = frozenset(
    (
        *("none", "nan", "infinity", "missing", "mistyped", "no_data", "string_codes", "lists"),
        *("price_change", "clock_skew"),
    )
)


@dataclass
class Fault:
    """``times`` is how many calls it still strikes; ``None`` for all of them."""

    kind: str
    applied: Applied
    options: dict[str, Any]
    times: int | None = 1


class Faults:
    """Thread-safe: tests add while the server takes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: dict[str, deque[Fault]] = {}

    def add(
        self,
        call: str,
        kind: str,
        times: int | None = 1,
        *,
        applied: Applied | None = None,
        **options: Any,
    ) -> None:
        """Raises ``ValueError`` for a call, kind, option or ``applied`` that does not exist."""
        if call != "*" and call not in Calls.HANDLERS:
            raise ValueError(f"no such call: {call!r}")
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind!r}")
        default, defaults = KINDS[kind]
        if unknown := set(options) - set(defaults):
            raise ValueError(f"{kind!r} has no option {', '.join(sorted(unknown))}")
        applied = default if applied is None else applied
        if applied == "late" and kind != "hang":
            raise ValueError("only a hang applies late")
        if applied is not True and kind in ALWAYS_APPLIED:
            raise ValueError(f"{kind!r} always has its effect")
        for name, value in options.items():
            if isinstance(defaults[name], int | float):
                options[name] = type(defaults[name])(value)
        fault = Fault(kind, applied, defaults | options, times)
        if kind == "body":
            _encoded(fault)  # what cannot be sent is refused here and not when it strikes
        with self._lock:
            self._scripts.setdefault(call, deque()).append(fault)

    def take(self, call: str) -> Fault | None:
        """The fault that strikes this call, if any."""
        if not self._scripts:  # the usual case, on the path of every poll
            return None
        with self._lock:
            for name in (call, "*"):
                script = self._scripts.get(name)
                if script:
                    return self._strike(name, script)
        return None

    def clear(self) -> None:
        with self._lock:
            self._scripts.clear()

    def _strike(self, name: str, script: deque[Fault]) -> Fault:
        fault = script[0]
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                script.popleft()
                if not script:
                    del self._scripts[name]
        return fault


def edit(fault: Fault, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as the fault wants it; untouched if the fault is about something else."""
    editor = EDITORS.get(fault.kind)
    return answer if editor is None else editor(answer, fault.options)


def replacement(fault: Fault, answer: dict[str, Any] | None) -> bytes | None:
    """The body sent in place of ``answer`` (``None`` if it was never made); ``None`` for kinds
    that leave the body alone."""
    if fault.kind == "unknown_code":
        text = {"code": fault.options["code"], "message": fault.options["message"], "data": None}
        return json.dumps(text).encode()
    if fault.kind == "body":
        return _encoded(fault)
    if fault.kind == "malformed":
        whole = json.dumps(answer or {"code": 200, "message": "Operation Success"}).encode()
        return whole[: len(whole) // 2]
    if fault.kind == "deep":
        depth = fault.options["depth"]
        return b'{"code":200,"message":"","data":' + b"[" * depth + b"]" * depth + b"}"
    if fault.kind == "enormous":
        head, tail = b'{"code":200,"message":"","data":"', b'"}'
        return head + b"x" * (fault.options["size"] - len(head) - len(tail)) + tail
    return None


def _encoded(fault: Fault) -> bytes:
    try:
        return str(fault.options["text"]).encode(fault.options["encoding"], "surrogatepass")
    except LookupError as error:
        raise ValueError(str(error)) from None


def price_after(fault: Fault, cost: Decimal) -> Decimal:
    """What a number costs once ``price_change`` has struck."""
    fixed = fault.options["cost"]
    return (
        Decimal(str(fixed)) if fixed is not None else cost * Decimal(str(fault.options["factor"]))
    )


def _with_numbers(number: float) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    def replace_numbers(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replace_numbers(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replace_numbers(item) for item in value]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return number if is_number else value

    def edit_data(answer: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        data = answer.get("data")
        return answer | {"data": replace_numbers(data) if data is not None else number}

    return edit_data


def _without(answer: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    return _map_field(answer, options["field"], lambda row, field: row.pop(field))


def _mistyped(answer: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    return _map_field(
        answer, options["field"], lambda row, field: row.update({field: options["value"]})
    )


def _map_field(
    value: Any, field: str | None, change: Callable[[dict[str, Any], str], object]
) -> Any:
    """A copy of ``value`` in which ``change`` was called on every object that has ``field``."""
    if isinstance(value, list):
        return [_map_field(item, field, change) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _map_field(item, field, change) for key, item in value.items()}
    if field is not None and field in copy:
        change(copy, field)
    return copy


def _without_data(answer: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "data"}


def _with_string_code(answer: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    return answer | {"code": str(answer["code"])}


def _with_list(answer: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    data = answer.get("data")
    return answer | {"data": list(data.values())} if isinstance(data, dict) else answer


EDITORS: dict[str, Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]] = {
    "nan": _with_numbers(float("nan")),
    "infinity": _with_numbers(float("inf")),
    "missing": _without,
    "mistyped": _mistyped,
    "no_data": _without_data,
    "string_codes": _with_string_code,
    "lists": _with_list,
}
