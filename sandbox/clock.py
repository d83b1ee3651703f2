"""The sandbox's own clock: real time plus an offset that only ever grows.

Inside the sandbox a moment is a float, seconds since the epoch: it is compared on every poll and
stored as JSON. It becomes ISO 8601 UTC at the edge, in ``Clock.iso``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONTH = 30 * DAY


class Clock:
    """``offset`` moves what happens (expiry, SMS), ``skew`` only what answers claim; in seconds."""

    def __init__(self, offset: float = 0.0, skew: float = 0.0) -> None:
        self.offset = offset
        self.skew = skew

    def now(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move forward. Raises ``ValueError`` for a negative step: what has expired stays so."""
        if not seconds >= 0 or seconds == float("inf"):
            raise ValueError("the clock only moves forward")
        self.offset += seconds

    def iso(self, moment: float) -> str:
        """The moment as the provider writes it: ``2026-02-06T12:30:25Z``."""
        shown = datetime.fromtimestamp(moment + self.skew, UTC)
        return shown.strftime("%Y-%m-%dT%H:%M:%SZ")

    @contextmanager
    def skewed(self, seconds: float) -> Iterator[None]:
        """For the length of the block, ``iso`` is ``seconds`` off on top of the standing skew."""
        self.skew += seconds
        try:
            yield
        finally:
            self.skew -= seconds
