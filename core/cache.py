"""The cache while Redis is away: empty, so that pages go on from the database."""

import logging
from datetime import timedelta
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import exceptions

logger = logging.getLogger(__name__)

AWAY = (exceptions.ConnectionError, exceptions.TimeoutError)


class PatientClient(RedisCacheClient):
    """Finds nothing and keeps nothing without a Redis.

    ``delete`` still raises: a session that stays in a Redis we cannot reach would come back to life
    with it, so signing out fails visibly and can be repeated. Rate limits count nothing meanwhile.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value; ``default`` without a Redis."""
        try:
            return super().get(key, default)
        except AWAY as error:
            _say(error)
            return default

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


class PatientRedisCache(RedisCache):
    """Django's Redis cache with a ``PatientClient``."""

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = PatientClient


def _say(error: Exception) -> None:
    logger.warning("the cache is away: %s", type(error).__name__)
