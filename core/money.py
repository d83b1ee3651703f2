"""Money: US dollars as ``Decimal`` with four decimals, the unit of every amount we store.

Activations are priced in dollars and leases in cents; four decimals hold both, and the tenth of
a cent that some services cost, exactly.
"""

from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, parse_pattern
from django.db import models
from django.utils.translation import get_language

PLACES = 4
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
    """Return ``amount`` for a reader in the active language: ``$0.14``, in German ``0,14 $``.

    Further decimals only where they are used.
    """
    locale, pattern = _currency(get_language() or "en")
    return str(pattern.apply(amount, locale, currency="USD", currency_digits=False))


@cache
def _currency(language: str) -> tuple[Locale, NumberPattern]:
    """How the language writes money, with room for four decimals; one we do not know, as English."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    standard = locale.currency_formats["standard"].pattern
    return locale, parse_pattern(standard.replace("0.00", "0.00##"))
