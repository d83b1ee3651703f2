"""What a Celery worker runs: slices of a shard, each handing over to the next."""

import asyncio
import gc
import logging

from django.conf import settings
from django.db import Error as AnyDatabaseError
from kombu.exceptions import OperationalError

from rentals.poller import shard
from rentals.poller.loop import Poller

try:
    import uvloop
except ImportError:  # not made for this platform; a poll merely costs more
    new_event_loop = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

logger = logging.getLogger(__name__)

# After a longer sleep than this between two slices the connections and due times are worth nothing.
LONGEST_SLEEP = 5.0

# Each poll makes and frees some hundred objects, and thousands of polls are on their way: with
# Python's usual 700 the cycle collector would look at them all the time, for half the CPU of a poll.
GC_THRESHOLDS = (50_000, 20, 50)

_kept: "_Kept | None" = None


class _Kept:
    """The poller of this process's last slice, asleep with its event loop."""

    def __init__(self, number: int) -> None:
        gc.set_threshold(*GC_THRESHOLDS)
        self.number = number
        self._loop = new_event_loop()
        self._poller = self._loop.run_until_complete(_new_poller(number))
        self._slept_at = self._loop.time()

    def is_fresh(self) -> bool:
        return self._loop.time() - self._slept_at < LONGEST_SLEEP

    def run(self, seconds: float) -> bool:
        """Run a slice; False when the lease is another's."""
        try:
            return self._loop.run_until_complete(self._poller.run(seconds))
        finally:
            self._slept_at = self._loop.time()

    def release(self) -> bool:
        """End the lease; True when the next slice is to be enqueued by us."""
        job = self._poller.database.run(shard.release, self.number, self._poller.holder)
        return self._loop.run_until_complete(job)

    def close(self) -> None:
        self._loop.run_until_complete(self._poller.close())
        self._loop.close()


def run_slice(number: int) -> None:
    """Poll shard ``number`` for ``POLL_SLICE_SECONDS`` and enqueue the next slice.

    Returns at once when another poller holds the shard. When the next slice cannot be enqueued,
    because Redis or the database is away, this one goes on: polls do not stop for that.
    """
    if not 0 <= number < settings.POLL_SHARDS:
        return
    kept = _keep(number)
    try:
        while kept.run(settings.POLL_SLICE_SECONDS):
            if _hand_over(kept):
                return
    except BaseException:
        _discard()
        raise
    _discard()


def _keep(number: int) -> _Kept:
    global _kept
    if _kept is not None and not (_kept.number == number and _kept.is_fresh()):
        _discard()
    if _kept is None:
        _kept = _Kept(number)
    return _kept


def _discard() -> None:
    global _kept
    if _kept is not None:
        kept, _kept = _kept, None
        kept.close()


def _hand_over(kept: _Kept) -> bool:
    """Let the next slice take over; False when it cannot be enqueued now."""
    try:
        if kept.release():
            shard.enqueue(kept.number)
    except (AnyDatabaseError, OperationalError, OSError) as error:
        logger.warning("shard %d: goes on: %s", kept.number, type(error).__name__)
        return False
    return True


async def _new_poller(number: int) -> Poller:
    return Poller(number)
