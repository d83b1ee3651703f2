"""One page of offers as somebody asked for it in the address: sorted, filtered, found again by place.

A page is bounded and found by keyset: the place after which it begins is what the last row of the
page before was sorted by, so that nothing is skipped or shown twice when prices change meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Q, TextChoices, When
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from catalog.models import SEARCHED, Offer, OfferQuerySet
from catalog.naming import has_name, sort_name

PAGE = 100
COUNTRY = "country__title"
SEPARATOR = "~"
MOST = 2**63  # what a column holds


class Sort(TextChoices):
    """What comes first in a list of offers."""

    PRICE = "price", _("cheapest first")
    STOCK = "stock", _("most numbers first")
    NAME = "name", _("by name")


@dataclass(frozen=True, slots=True)
class Key:
    """One column that a list is sorted by, and how its value is read back from an address."""

    name: str
    read: Callable[[str], Any]
    descending: bool = False


def _whole(text: str) -> int:
    number = int(text)
    if not 0 <= number < MOST:
        raise ValueError(text)
    return number


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount) >= 10**8:
        raise ValueError(text)
    return amount


ORDERS: dict[str, tuple[Key, ...]] = {
    Sort.PRICE: (Key("sold_out", _whole), Key("cost", _amount), Key("pk", _whole)),
    Sort.STOCK: (Key("stock", _whole, descending=True), Key("pk", _whole)),
    Sort.NAME: (Key("sort_name", str), Key("pk", _whole)),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address of a list of offers says; each field has a value that stands for nothing."""

    sort: str = Sort.PRICE
    sold_out_too: bool = False
    text: str = ""
    after: str = ""

    def address(self, **also: object) -> str:
        """Return the part of the address after ``?``, without what is as usual."""
        said = {
            **also,
            "sort": "" if self.sort == Sort.PRICE else self.sort,
            "stock": "all" if self.sold_out_too else "",
            "q": self.text,
            "after": self.after,
        }
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class Page:
    """The offers of one page, and the place that the next one begins after; empty for the last."""

    offers: list[Offer]
    next_place: str


def read_page(offers: OfferQuerySet, wish: Wish, *, name: str) -> Page:
    """Read what ``wish`` asks for of ``offers``, which belong to one service or country.

    ``name`` is what its rows are called by: ``country__title``, for the name that is shown, or
    ``service__title``. One query of at most ``PAGE`` rows and one. A place that is none is ignored.
    """
    keys = ORDERS[wish.sort]
    if not wish.sold_out_too:
        offers = offers.filter(stock__gt=0)
    text, of_country = wish.text[:SEARCHED], name == COUNTRY
    if text:
        offers = offers.filter(
            has_name(text, "country__") if of_country else Q(**{f"{name}__icontains": text})
        )
    offers = offers.annotate(
        sold_out=Case(When(stock=0, then=1), default=0),
        sort_name=sort_name("country__") if of_country else Lower(name),
    ).order_by(*(f"-{key.name}" if key.descending else key.name for key in keys))
    found = list(_after(offers, keys, wish.after)[: PAGE + 1])
    place = ""
    if len(found) > PAGE:
        place = SEPARATOR.join(str(getattr(found[PAGE - 1], key.name)) for key in keys)
    return Page(found[:PAGE], place)


def _after(offers: OfferQuerySet, keys: tuple[Key, ...], place: str) -> OfferQuerySet:
    # The name may have the separator in it, so it is cut from the right; it is the first key.
    texts = place.rsplit(SEPARATOR, len(keys) - 1)
    if len(texts) != len(keys):
        return offers
    try:
        values = [key.read(text) for key, text in zip(keys, texts, strict=True)]
    except (ValueError, InvalidOperation):
        return offers
    later, same = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        comparison = "lt" if key.descending else "gt"
        later |= same & Q(**{f"{key.name}__{comparison}": value})
        same &= Q(**{key.name: value})
    return offers.filter(later)
