"""Counts the calls to the provider in this process: cheap, as there are thousands a second.

A call costs a few additions under a lock. ``reporter`` takes the counts every few seconds and adds
them to those of all processes.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Upper bounds of a call's seconds; the last one is beyond the longest deadline.
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
SPENT = "µs"  # a count too: whole microseconds
FAILURES = ("not_sent", "answer_lost", "bad_answer", "rate_limited")
SENT = ("answered", "not_sent", "answer_lost")

_lock = threading.Lock()
_counts: Counter[str] = Counter()


def count(name: str, outcome: str, seconds: float | None) -> None:
    """Count how a call went; for ``smsbus.observing``. Only what has ``seconds`` is a call."""
    with _lock:
        _counts[f"{name}|{outcome}"] += 1
        if seconds is not None:
            _counts[f"{name}|{bisect_left(BOUNDS, seconds)}"] += 1
            _counts[f"{name}|{SPENT}"] += int(seconds * 1e6)


def take() -> Counter[str]:
    """Return what was counted since the last time, and begin anew."""
    global _counts
    with _lock:
        taken, _counts = _counts, Counter()
    return taken


def put_back(counts: Mapping[str, int]) -> None:
    """What could not be written is counted with what comes."""
    with _lock:
        _counts.update(counts)


def start_anew() -> None:
    """In a forked child: what was counted is the parent's, and so is the lock's state."""
    global _counts, _lock
    _counts, _lock = Counter(), threading.Lock()


@dataclass
class CallFigures:
    """One call of the provider's, as counted by all processes."""

    outcomes: Counter[str] = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        """How many calls there were."""
        return sum(self.outcomes[outcome] for outcome in SENT)

    @property
    def failed(self) -> int:
        """How many of them brought no proper answer; a refusal is a proper answer."""
        return sum(self.outcomes[outcome] for outcome in FAILURES)

    @property
    def failed_share(self) -> float:
        """The part of the calls that failed, from 0 to 1."""
        return self.failed / self.sent if self.sent else 0.0

    def within(self, share: float) -> float:
        """The bound that ``share`` of the calls stayed within, in seconds; infinity beyond all."""
        wanted, seen = share * sum(self.buckets), 0
        for bound, number in zip((*BOUNDS, float("inf")), self.buckets, strict=True):
            seen += number
            if seen >= wanted:
                return bound
        return float("inf")


def together(rows: Iterable[CallFigures]) -> CallFigures:
    """Count several calls as if they were one."""
    whole = CallFigures()
    for row in rows:
        whole.outcomes.update(row.outcomes)
        whole.buckets = [sum(pair) for pair in zip(whole.buckets, row.buckets, strict=True)]
        whole.seconds += row.seconds
    return whole


def figures(counts: Mapping[str, int]) -> dict[str, CallFigures]:
    """Sort counts by call."""
    found: dict[str, CallFigures] = {}
    for name, number in sorted(counts.items()):
        call, _, what = name.rpartition("|")
        row = found.setdefault(call, CallFigures())
        if what == SPENT:
            row.seconds = number / 1e6
        elif what.isdecimal():
            row.buckets[int(what)] += number
        else:
            row.outcomes[what] += number
    return found
