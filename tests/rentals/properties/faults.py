"""How a call to the provider can go wrong: what it is called in the sandbox, and its options."""

from typing import Any

from tests.rentals.properties.world import CANARY, SHORT

HANG = 2 * SHORT
REFUSALS = (401, 50002, 50104, 50201, 50208, 50214, 50108)
BUYING_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("reset", {"applied": True}),
    ("reset", {"applied": False}),
    ("hang", {"applied": True, "seconds": HANG}),
    ("hang", {"applied": "late", "seconds": HANG}),
    ("http_error", {"status": 502}),
    ("http_error", {"status": 502, "applied": True}),
    ("http_error", {"status": 429, "retry_after": 3}),
    ("malformed", {}),
    ("body", {"text": f"<html>?token={CANARY}</html>"}),
    ("unknown_code", {"code": 59999, "message": f"token {CANARY} is odd"}),
    ("unknown_code", {"code": 59999, "applied": True}),
    ("missing", {"field": "request_id"}),
    ("price_change", {"factor": "2"}),
    *(("unknown_code", {"code": code}) for code in REFUSALS),
]
LEASE_FAULTS: list[tuple[str, dict[str, Any]]] = [
    *(fault for fault in BUYING_FAULTS if fault[0] not in ("missing", "price_change")),
    ("missing", {"field": "order_id"}),
    ("no_data", {}),
    *(("unknown_code", {"code": code}) for code in (50004, 50401, 50402, 50404)),
]
READING_FAULTS = [
    ("reset", {}),
    ("http_error", {"status": 502}),
    ("http_error", {"status": 429, "retry_after": 20}),
    ("malformed", {}),
    ("no_data", {}),
    ("unknown_code", {"code": 59999}),
]
FAULTS = [
    *(("get/number", *fault) for fault in BUYING_FAULTS),
    *(("reuse", *fault) for fault in BUYING_FAULTS),
    *((call, *f) for call in ("get/sms", "get/balance", "list/prices") for f in READING_FAULTS),
    *(("cancel", *fault) for fault in READING_FAULTS),
    ("cancel", "reset", {"applied": False}),
    *(("rent/renew/number", *fault) for fault in LEASE_FAULTS),
    *(("rent/cancel/order", *fault) for fault in READING_FAULTS),
    *(
        (f"rent/list/{what}", *fault)
        for what in ("area", "order", "number", "sms")
        for fault in READING_FAULTS
    ),
]
