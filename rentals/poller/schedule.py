"""When to ask again: pure arithmetic and a heap. Times are seconds of any steady clock."""

import heapq
import itertools
import math
from typing import Generic, TypeVar

T = TypeVar("T")

# (younger than so many seconds, poll every so many seconds): most SMS come in the first minute.
# This takes half the polls of a fixed 3 s and finds the SMS sooner.
PACE = ((90.0, 2.0), (240.0, 4.0), (600.0, 8.0))
SLOW = 15.0


def interval_at(age: float, *, received: bool = False) -> float:
    """Return the seconds between two polls of a number that was bought ``age`` seconds ago.

    A number whose SMS came is watched slowly, for a second one. An age below zero (somebody's clock
    is ahead) counts as new.
    """
    if not received:
        for younger_than, interval in PACE:
            if age < younger_than:
                return interval
    return SLOW


class Schedule(Generic[T]):
    """Things by the time they are due: the most overdue first, equals in the order they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due: float, thing: T) -> None:
        """Put ``thing`` in for ``due``."""
        heapq.heappush(self._heap, (due, next(self._order), thing))

    def next_due(self) -> float:
        """When the first thing is due; infinity when there is none."""
        return self._heap[0][0] if self._heap else math.inf

    def first(self) -> T:
        """The thing that is due first. Raises ``IndexError`` when there is none."""
        return self._heap[0][2]

    def pop(self) -> T:
        """Take out the thing that is due first. Raises ``IndexError`` when there is none."""
        return heapq.heappop(self._heap)[2]
