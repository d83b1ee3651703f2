"""What one entry of the ledger adds to a ``TripDay``: pure, so that the books can be recomputed."""

from bisect import bisect
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from rentals.models import LedgerEntry, Purchase
from rentals.models.day import WAIT_BOUNDS, WAIT_COLUMNS
from rentals.states import ActivationState, PurchaseState

Kind = LedgerEntry.Kind

DAY_COLUMN = {
    Kind.HOLD: "held",
    Kind.CHARGE: "charged",
    Kind.RELEASE: "released",
    Kind.REFUND: "refunded",
    Kind.LOSS: "lost",
}
ENDING = (Kind.CHARGE, Kind.RELEASE)
ENDS = {ActivationState.CANCELLED: "cancelled", ActivationState.EXPIRED: "expired"}


def key_of(entry: LedgerEntry, purchase: Purchase) -> dict[str, Any]:
    """Return the columns that say to which row ``entry`` belongs."""
    return {
        "team_id": entry.team_id,
        "day": entry.created.date(),
        "account_id": entry.account_id,
        "buyer_id": purchase.buyer_id,
        "service_id": purchase.service_id,
        "country_id": purchase.country_id,
        "area_code": purchase.area_code if purchase.country_id is None else "",
    }


def additions(entry: LedgerEntry, purchase: Purchase) -> Iterator[tuple[str, Decimal | int]]:
    """Yield each column and what ``entry`` adds to it.

    The number, where it is a number that the entry settles, has the state in which it ended.
    """
    kind = Kind(entry.kind)
    yield DAY_COLUMN[kind], entry.amount
    bought = purchase.state == PurchaseState.BOUGHT and not purchase.is_of_lease
    number = getattr(purchase, "activation", None) if bought and kind in ENDING else None
    counted = column_of(kind, number.state if number else "")
    if counted:
        yield counted, 1
    if kind == Kind.CHARGE and number and number.received_at:
        yield wait_column(number.received_at - number.created), 1


def column_of(kind: LedgerEntry.Kind, number_state: str) -> str:
    """Return where a purchase counts when ``kind`` is entered and its number is in that state.

    "" where it counts nowhere: a refund moves money and ends nothing.
    """
    if kind == Kind.HOLD:
        return "purchases"
    if kind == Kind.CHARGE:
        return "delivered"
    if kind == Kind.REFUND:
        return ""
    return ENDS.get(ActivationState(number_state), "failed") if number_state else "failed"


def wait_column(wait: timedelta) -> str:
    """Return the column in which a wait is counted."""
    return WAIT_COLUMNS[bisect(WAIT_BOUNDS, wait.total_seconds())]
