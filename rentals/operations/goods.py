"""What can be bought, by kind: who knows its price, its call and the row that it becomes."""

from decimal import Decimal
from typing import Any, Protocol

import smsbus
from rentals.models import Purchase
from rentals.operations import numbers, orders
from smsbus import wire


class Goods(Protocol):
    """What a module has to know about the kind of thing it sells."""

    def read_price(self, purchase: Purchase, client: smsbus.Client) -> Decimal | None:
        """Return the price now; None where it is not offered. Raises ``SmsBusError``."""

    def take_baseline(self, purchase: Purchase, client: smsbus.Client) -> dict[str, Any]:
        """Return columns that help to find out later what became of it. Never raises for a call."""

    def call(self, purchase: Purchase, client: smsbus.Client) -> wire.Call[Any]:
        """Return the call that buys it."""

    def is_new(self, purchase: Purchase, receipt: Any) -> bool:
        """Whether the receipt is not another purchase's already."""

    def deliver(self, purchase: Purchase, receipt: Any) -> None:
        """Write what was bought, in the caller's transaction."""


_BY_KIND: dict[str, Goods] = {
    Purchase.Kind.NUMBER: numbers,
    Purchase.Kind.REUSE: numbers,
    Purchase.Kind.LEASE: orders,
    Purchase.Kind.RENEWAL: orders,
}


def of(purchase: Purchase) -> Goods:
    """Return what knows about the kind of ``purchase``."""
    return _BY_KIND[purchase.kind]
