"""A price's history as a small picture; the table beside it says the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.models import PricePoint

WIDTH = 600
HEIGHT = 80
MARGIN = 6


@dataclass(frozen=True, slots=True)
class Band:
    """A time without stock, in the picture's units."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A step line over time: ``points`` as SVG's ``polyline`` wants them, and the lowest and highest."""

    points: str
    sold_out: tuple[Band, ...]
    lowest: Decimal
    highest: Decimal
    width: int = WIDTH
    height: int = HEIGHT


def draw(history: Sequence[PricePoint], *, until: datetime) -> Sparkline | None:
    """Draw ``history`` (oldest first) up to ``until``; None where there is nothing to see yet."""
    if not history or until <= history[0].at:
        return None
    start, span = history[0].at, until - history[0].at
    costs = [point.cost for point in history]
    lowest, highest = min(costs), max(costs)

    def x(at: datetime) -> int:
        return round((at - start) / span * WIDTH)

    def y(cost: Decimal) -> int:
        if highest == lowest:
            return HEIGHT // 2
        return round(HEIGHT - MARGIN - (cost - lowest) / (highest - lowest) * (HEIGHT - 2 * MARGIN))

    corners: list[str] = []
    bands: list[Band] = []
    ends = [point.at for point in history[1:]] + [until]
    for point, end in zip(history, ends, strict=True):
        corners += [f"{x(point.at)},{y(point.cost)}", f"{x(end)},{y(point.cost)}"]
        if not point.stock:
            bands.append(Band(x(point.at), x(end) - x(point.at)))
    return Sparkline(" ".join(corners), tuple(bands), lowest, highest)
