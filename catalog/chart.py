"""The history of an offer as a picture: its price as a line of steps, its stock below, when it was sold out.

Everything is computed here and drawn as SVG, so that the page needs no script, prints, and says the
same to whoever cannot see it (``docs/adr``). Coordinates are whole numbers on a canvas that the page
stretches to its width; words stand beside the canvas, not on it, and keep their size.

A history of any length becomes at most ``MOST_KEPT`` corners: of each stretch of time its first,
lowest, highest and last price stay, and whether it was sold out in it (``thin``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from catalog.models import Offer
from core import moments

WIDTH, HEIGHT, STOCK_HEIGHT = 1000, 300, 90
BUCKETS = 120
MOST_KEPT = BUCKETS * 5
TICKS = 5  # moments named below the picture
MAX_READ = 20_000  # points: more than a year has where every reading found another price


class Span(TextChoices):
    """How far back a history goes."""

    DAY = "day", _("Day")
    WEEK = "week", _("Week")
    MONTH = "month", _("Month")
    ALL = "all", _("All")


LENGTHS = {
    Span.DAY: timedelta(days=1),
    Span.WEEK: timedelta(days=7),
    Span.MONTH: timedelta(days=30),
}


class Level(NamedTuple):
    """What an offer cost, in US dollars, and how many numbers it had, from a moment on."""

    at: datetime
    cost: Decimal
    stock: int


@dataclass(frozen=True, slots=True)
class Band:
    """A time without stock, in the picture's units."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the line."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A history, drawn: ``price`` is a path of SVG's, ``stock`` a filled one below it, ``stock_line`` its edge.

    ``lowest`` and ``highest`` are levels of the history, the first of several; ``now`` is its last.
    ``moments`` are the times from the left to the right edge, at even distances.
    """

    price: str
    stock: str
    stock_line: str
    sold_out: tuple[Band, ...]
    dots: tuple[Dot, ...]
    lowest: Level
    highest: Level
    now: Level
    most: int
    moments: tuple[datetime, ...]
    share_in_stock: int
    width: int = WIDTH
    height: int = HEIGHT
    stock_height: int = STOCK_HEIGHT

    @property
    def is_flat(self) -> bool:
        """Whether the price never changed."""
        return self.lowest.cost == self.highest.cost

    @property
    def is_short(self) -> bool:
        """Whether its moments are told apart by the hour, not by the day."""
        return self.moments[-1] - self.moments[0] < timedelta(days=2)

    @property
    def labels(self) -> list[str]:
        """What stands below the picture for each of its moments: the shortest that tells them apart."""
        forms = (moments.format_short_moment, moments.format_second)
        first = moments.format_time if self.is_short else moments.format_short_day
        for form in (first, *forms):
            labels = [form(moment) for moment in self.moments]
            if len(set(labels)) == len(labels):
                break
        return [label if label not in labels[:place] else "" for place, label in enumerate(labels)]

    @property
    def middle(self) -> Decimal:
        """What stands half-way up, in US dollars."""
        return (self.lowest.cost + self.highest.cost) / 2


def read_levels(offer: Offer, span: str, now: datetime) -> list[Level]:
    """Read the history of ``offer`` in ``span``, oldest first, beginning with what held at its start.

    Two queries at most. It ends with what the offer is now: what is noted with a price is the stock
    of that moment, which goes on changing until the next.
    """
    points = offer.points.order_by("-at", "-pk").values_list("at", "cost", "stock")
    length = LENGTHS.get(Span(span))
    start = now - length if length else None
    inside = points.filter(at__gt=start) if start else points
    levels = [Level(*point) for point in inside[:MAX_READ]][::-1]
    if start and (before := points.filter(at__lte=start).first()):
        levels.insert(0, Level(*before)._replace(at=start))
    if levels and (offer.cost, offer.stock) != levels[-1][1:]:
        changed_at = max(offer.changed_at, levels[-1].at)
        levels.append(Level(changed_at, offer.cost, offer.stock))
    return levels


def _cost_of(level: Level) -> Decimal:
    return level.cost


def thin(levels: Sequence[Level], until: datetime) -> list[Level]:
    """Return at most ``MOST_KEPT`` of ``levels``, with the extremes of the price among them.

    Of each of ``BUCKETS`` equal stretches the first, the lowest, the highest and the last stay, and
    the first that was sold out.
    """
    if len(levels) <= MOST_KEPT:
        return list(levels)
    start = levels[0].at
    width = (until - start) / BUCKETS
    kept: list[Level] = []
    for _bucket, group in groupby(levels, key=lambda level: (level.at - start) // width):
        stretch = list(group)
        sold_out = [level for level in stretch if not level.stock]
        lowest, highest = min(stretch, key=_cost_of), max(stretch, key=_cost_of)
        kept += sorted({stretch[0], lowest, highest, stretch[-1], *sold_out[:1]})
    return kept


def draw(levels: Sequence[Level], *, until: datetime) -> Chart | None:
    """Draw ``levels`` (oldest first) up to ``until``; None where there is nothing to see yet."""
    if not levels or until <= levels[0].at:
        return None
    start, length = levels[0].at, until - levels[0].at
    lowest = min(levels, key=lambda level: level.cost)
    highest = max(levels, key=lambda level: level.cost)
    most = max(level.stock for level in levels)
    costs = highest.cost - lowest.cost

    def x(at: datetime) -> int:
        return round((at - start) / length * WIDTH)

    def y(cost: Decimal) -> int:
        return round(HEIGHT - (cost - lowest.cost) / costs * HEIGHT) if costs else HEIGHT // 2

    shown = thin(levels, until)
    ends = [level.at for level in shown[1:]] + [until]
    steps = [(x(level.at), x(end), level) for level, end in zip(shown, ends, strict=True)]
    price = "".join(f"V{y(level.cost)}H{end}" for _left, end, level in steps)
    stock = "".join(f"V{_stock_y(level.stock, most)}H{end}" for _left, end, level in steps)
    return Chart(
        price=f"M0 {y(levels[0].cost)}{price}",
        stock=f"M0 {STOCK_HEIGHT}{stock}V{STOCK_HEIGHT}Z",
        stock_line=f"M0 {_stock_y(levels[0].stock, most)}{stock}",
        sold_out=_bands(steps),
        dots=(
            *(Dot(x(level.at), y(level.cost)) for level in (lowest, highest) if costs),
            Dot(WIDTH, y(levels[-1].cost)),
        ),
        lowest=lowest,
        highest=highest,
        now=levels[-1],
        most=most,
        moments=tuple(start + length * n / (TICKS - 1) for n in range(TICKS)),
        share_in_stock=_share_in_stock(levels, until),
    )


def _stock_y(stock: int, most: int) -> int:
    return STOCK_HEIGHT - (round(stock / most * STOCK_HEIGHT) if most else 0)


def _bands(steps: Sequence[tuple[int, int, Level]]) -> tuple[Band, ...]:
    """The times without stock, neighbours as one; none is too short to be seen."""
    bands: list[Band] = []
    for left, right, level in steps:
        if level.stock:
            continue
        if bands and bands[-1].x + bands[-1].width >= left:
            bands[-1] = Band(bands[-1].x, max(right, left + 1) - bands[-1].x)
        else:
            bands.append(Band(left, max(right - left, 1)))
    return tuple(bands)


def _share_in_stock(levels: Sequence[Level], until: datetime) -> int:
    """Percent of the time that it could be bought in, of all that ``levels`` knows of.

    All of it only where it was never sold out: a moment without stock is not rounded away.
    """
    ends = [level.at for level in levels[1:]] + [until]
    times = [end - level.at for level, end in zip(levels, ends, strict=True) if level.stock]
    share = round(sum(times, timedelta()) / (until - levels[0].at) * 100)
    return share if all(level.stock for level in levels) else min(share, 99)
