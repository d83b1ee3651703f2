"""What can be bought. For each kind of purchase one module that knows its calls and its rows.

A module of goods has four functions; ``sending`` does the rest, the same for all:

``read_price(purchase, client)``  the price now in US dollars, None where it is no longer offered
``call(purchase, client)``        the one call that buys it
``is_new(purchase, receipt)``     whether what came is not something that we have already
``deliver(purchase, receipt)``    writes what came, in the transaction that makes it ``bought``
"""

from decimal import Decimal
from typing import Any, Protocol

import smsbus
from rentals.models import Purchase
from rentals.operations.goods import numbers
from smsbus.wire import Call


class Goods(Protocol):
    """The functions that each module of goods has."""

    def read_price(self, purchase: Purchase, client: smsbus.Client) -> Decimal | None: ...

    def call(self, purchase: Purchase, client: smsbus.Client) -> Call[Any]: ...

    def is_new(self, purchase: Purchase, receipt: Any) -> bool: ...

    def deliver(self, purchase: Purchase, receipt: Any) -> None: ...


GOODS: dict[str, Goods] = {
    Purchase.Kind.NUMBER: numbers,
    Purchase.Kind.REUSE: numbers,
}


def goods_of(purchase: Purchase) -> Goods:
    """Return the module for what ``purchase`` asks for."""
    return GOODS[purchase.kind]
