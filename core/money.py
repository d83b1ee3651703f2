"""Money: US dollars as ``Decimal`` with four decimals, the unit of every amount we store.

Activations are priced in dollars and leases in cents; four decimals hold both, and the tenth of
a cent that some services cost, exactly.
"""

from decimal import Decimal

from django.db import models

PLACES = 4
CENT = Decimal("0.01")
ZERO = Decimal("0.0000")


class MoneyField(models.DecimalField):
    """A US dollar amount: at most 99,999,999.9999, exact on both databases."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 12)
        kwargs.setdefault("decimal_places", PLACES)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


def dollars(amount: Decimal) -> Decimal:
    """Return ``amount`` at the four decimals we store; ``decimal.Inexact`` is never silent here.

    Raises ``ValueError`` for an amount with more decimals than we can hold: rounding somebody's
    money without a word is worse than refusing it.
    """
    rounded = amount.quantize(ZERO)
    if rounded != amount:
        raise ValueError(f"{amount} has more than {PLACES} decimals")
    return rounded


def format_usd(amount: Decimal) -> str:
    """Return ``amount`` for a reader: ``$0.14``, with further decimals only where they are used."""
    sign = "-" if amount < 0 else ""
    amount = abs(amount)
    if amount == amount.quantize(CENT):
        return f"{sign}${amount.quantize(CENT):,}"
    return f"{sign}${amount.normalize():,f}"
