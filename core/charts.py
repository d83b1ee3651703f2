"""Pictures of figures over time, drawn on the server: bars, and lines with gaps.

Only shapes are in the picture, which is stretched to whatever width there is; words stand beside it
as text, so that they are never stretched with it. What a picture shows is also in a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from core.money import format_usd

WIDTH = 1000.0
HEIGHT = 200.0
GAP = 0.2  # of a bar's place
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in the picture's units, and what it says when it is pointed at."""

    x: str
    y: str
    width: str
    height: str
    says: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line as SVG's ``path`` wants it; each gap in the figures begins a new part of it."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture: bars or strokes, the labels of its scale from the top, and of its first and last place."""

    title: str
    says: str
    scale: tuple[str, ...]
    ends: tuple[str, ...]
    bars: tuple[Bar, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    width: int = int(WIDTH)
    height: int = int(HEIGHT)
    middle: int = int(HEIGHT / 2)


def draw_bars(
    title: str,
    says: str,
    places: Sequence[str],
    values: Sequence[float],
    show: Callable[[float], str],
) -> Chart:
    """Draw a bar for each of ``values`` (not negative), on a scale that begins at zero."""
    top = _round_up(max(values, default=0))
    step = WIDTH / max(1, len(values))
    bars = tuple(
        Bar(
            x=_short((number + GAP / 2) * step),
            y=_short(HEIGHT - value / top * HEIGHT),
            width=_short(step * (1 - GAP)),
            height=_short(value / top * HEIGHT),
            says=f"{place}: {show(value)}",
        )
        for number, (place, value) in enumerate(zip(places, values, strict=True))
        if value > 0
    )
    return Chart(title, says, _scale(top, show), _ends(places), bars=bars)


def draw_lines(
    title: str,
    says: str,
    places: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    show: Callable[[float], str],
    *,
    top: float | None = None,
) -> Chart:
    """Draw a line for each of ``series``, on a scale from zero to ``top``; None is a gap."""
    highest = max(
        (value for _, values in series for value in values if value is not None), default=0
    )
    top = top or _round_up(highest)
    strokes = tuple(Stroke(name, _path(values, top)) for name, values in series)
    return Chart(title, says, _scale(top, show), _ends(places), strokes=strokes)


def usd(amount: float) -> str:
    """How a picture of money says an amount, in US dollars."""
    return format_usd(Decimal(str(round(amount, 4))))


def _path(values: Sequence[float | None], top: float) -> str:
    step = WIDTH / max(1, len(values))
    parts = []
    for gap, run in groupby(enumerate(values), key=lambda item: item[1] is None):
        if gap:
            continue
        points = [
            f"{_short((number + 0.5) * step)} {_short(HEIGHT - min(value or 0, top) / top * HEIGHT)}"
            for number, value in run
        ]
        # One point alone is a dot: a line without a length, with round ends.
        parts.append(f"M{points[0]}" + ("".join(f"L{p}" for p in points[1:]) or "h0"))
    return "".join(parts)


def _scale(top: float, show: Callable[[float], str]) -> tuple[str, ...]:
    return show(top), show(top / 2), show(0)


def _ends(places: Sequence[str]) -> tuple[str, ...]:
    return (places[0], places[-1]) if len(places) > 1 else tuple(places)


def _round_up(value: float) -> float:
    """The next round figure from ``value`` on: 1, 2, 2.5 or 5 with zeros; 1 for nothing at all."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power > value:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return next(step * power for step in STEPS if step * power >= value * (1 - 1e-9))


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
