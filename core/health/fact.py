"""One thing to know about the site: how bad it is, in words, and in figures for a monitor."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from django.utils.translation import gettext_lazy as _


class Level(IntEnum):
    """How bad something is; the greater, the worse."""

    OK = 0
    WARN = 1
    BAD = 2

    @property
    def word(self) -> str:
        """The level for a reader, who may not see its colour."""
        return str({Level.OK: _("well"), Level.WARN: _("look"), Level.BAD: _("wrong")}[self])

    @staticmethod
    def of(value: float | None, *, warn: float, bad: float) -> "Level":
        """The level of a figure that is worse the greater it is; unknown is as bad as can be."""
        if value is None or value >= bad:
            return Level.BAD
        return Level.WARN if value >= warn else Level.OK


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure under the name of a metric; ``suffix`` is that of a histogram's parts."""

    metric: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """What it is about, how bad it is, in words, what to do about it; and its figures."""

    title: str
    level: Level
    words: str
    advice: str = ""
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that belong together, under a heading; ``key`` is its name for a monitor."""

    key: str
    title: str
    facts: list[Fact] = field(default_factory=list)

    @property
    def level(self) -> Level:
        """The worst of them."""
        return worst(self.facts)


def worst(things: Iterable[Fact | Group]) -> Level:
    """The worst level among facts or groups; OK where there are none."""
    return max((thing.level for thing in things), default=Level.OK)
