"""How much may be asked with one account: a rate, and pauses while the provider is in trouble.

Pure: the caller brings the time, in seconds of a steady clock.
"""

import math
import random
from collections.abc import Callable

FAILURES_TO_OPEN = 3
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
# However long a Retry-After asks for, people wait for codes: look again after five minutes.
LONGEST_RETRY_AFTER = 300.0


def pause_after(failures: int) -> float:
    """Return the seconds to leave alone what failed ``failures`` times in a row: 1, 2, 4 … 60."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16))


class RateBucket:
    """At most ``rate`` polls a second on average and ``burst`` at once.

    It is kept as one moment: when the polls taken so far would be through at exactly ``rate``
    (the generic cell rate algorithm).
    """

    def __init__(self, rate: float, burst: float = 1.0) -> None:
        self._spacing = 1.0 / rate
        self._ahead = (max(burst, 1.0) - 1.0) * self._spacing
        self._through = -math.inf

    def ready_at(self) -> float:
        """When the next poll is allowed; a moment in the past means now."""
        return self._through - self._ahead

    def take(self, now: float) -> None:
        """Count one poll."""
        self._through = max(self._through, now) + self._spacing


class Breaker:
    """Stops asking for an account whose polls fail, and tries with a single one whether it is over.

    Closed, everything passes, and a failure between successes costs nobody else anything: one bad
    number never stops an account. ``FAILURES_TO_OPEN`` failures in a row open it: for 1 s, doubling
    to 60 s with jitter while the probe at the end of each pause fails too. An answer to a poll that
    was sent before it opened says nothing new and is not counted.
    """

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._failures = 0
        self._pauses = 0
        self._until = -math.inf
        self._probing = False
        self.is_open = False

    def ready_at(self) -> float:
        """When the next poll may go; infinity while a probe is on its way."""
        if not self.is_open:
            return -math.inf
        return math.inf if self._probing else self._until

    def sent(self) -> None:
        """A poll left; with the breaker open it is the probe."""
        self._probing = self.is_open

    def succeeded(self, sent_at: float) -> bool:
        """The provider answered a poll as documented; returns whether that closed the breaker."""
        if sent_at < self._until:
            return False
        was_open = self.is_open
        self.reset()
        return was_open

    def failed(self, now: float, sent_at: float) -> bool:
        """A poll failed; returns whether that opened a closed breaker."""
        if sent_at < self._until:
            return False
        self._failures += 1
        if self._failures < FAILURES_TO_OPEN:
            return False
        was_open = self.is_open
        self._pauses += 1
        pause = pause_after(self._pauses) * (0.75 + self._jitter() / 2)
        self.open(now, min(pause, LONGEST_PAUSE))
        return not was_open

    def limited(self, now: float, sent_at: float, retry_after: float | None) -> bool:
        """The provider answered 429, which opens it at once, for ``retry_after`` seconds or more.

        Returns whether it was closed before.
        """
        if sent_at < self._until:
            return False
        self._failures = FAILURES_TO_OPEN
        opened = self.failed(now, sent_at)
        if retry_after is not None:
            self._until = max(self._until, now + min(retry_after, LONGEST_RETRY_AFTER))
        return opened

    def open(self, now: float, pause: float) -> None:
        """Let nothing pass for ``pause`` seconds and then one probe."""
        self.is_open, self._probing = True, False
        self._failures = FAILURES_TO_OPEN  # the probe's failure opens it again
        self._until = now + pause

    def reset(self) -> None:
        """Let everything pass again."""
        self._failures = self._pauses = 0
        self.is_open = self._probing = False
