"""The cache while Redis is away: empty, so that pages go on from the database.

But for the counts of rate limits: each process then keeps its own, so that a Redis that is down keeps
nobody from signing in or buying, and lets nobody guess for ever.
"""

import logging
from datetime import timedelta
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import exceptions

logger = logging.getLogger(__name__)

# What limits count by has this in its key: ours (``core.ratelimit``), and allauth's for the sign-in.
COUNTED = ":rl:"
_counts = LocMemCache("counts", {"OPTIONS": {"MAX_ENTRIES": 10_000}})
AWAY = (exceptions.ConnectionError, exceptions.TimeoutError)


class PatientClient(RedisCacheClient):
    """Finds nothing and keeps nothing without a Redis.

    ``delete`` still raises: a session that stays in a Redis we cannot reach would come back to life
    with it, so signing out fails visibly and can be repeated. Rate limits count in this process.
    """

    def add(self, key: Any, value: Any, timeout: int | timedelta | None) -> bool:
        """Keep the value if there is none; raises without a Redis, but for what limits count by."""
        try:
            return bool(super().add(key, value, timeout))
        except AWAY as error:
            if COUNTED not in key:
                raise
            _say(error)
            return _counts.add(key, value, _seconds(timeout))

    def delete(self, key: Any) -> bool:
        """Take the value out; raises without a Redis, but for what limits count by."""
        try:
            return bool(super().delete(key))
        except AWAY as error:
            if COUNTED not in key:
                raise
            _say(error)
            return _counts.delete(key)

    def incr(self, key: Any, delta: int = 1) -> int:
        """Count on; raises without a Redis, but for what limits count by."""
        try:
            return int(super().incr(key, delta))
        except AWAY as error:
            if COUNTED not in key:
                raise
            _say(error)
            return _counts.incr(key, delta)

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value; ``default`` without a Redis."""
        try:
            return super().get(key, default)
        except AWAY as error:
            _say(error)
            return _counts.get(key, default) if COUNTED in key else default

    def has_key(self, key: Any) -> bool:
        """Whether there is a value; False without a Redis."""
        try:
            return super().has_key(key)
        except AWAY as error:
            _say(error)
            return False

    def set(self, key: Any, value: Any, timeout: int | timedelta | None) -> None:
        """Keep the value, if there is a Redis."""
        try:
            super().set(key, value, timeout)
        except AWAY as error:
            _say(error)
            if COUNTED in key:
                _counts.set(key, value, _seconds(timeout))


class PatientRedisCache(RedisCache):
    """Django's Redis cache with a ``PatientClient``."""

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = PatientClient


def _seconds(timeout: int | timedelta | None) -> float | None:
    return timeout.total_seconds() if isinstance(timeout, timedelta) else timeout


def _say(error: Exception) -> None:
    logger.warning("the cache is away: %s", type(error).__name__)
