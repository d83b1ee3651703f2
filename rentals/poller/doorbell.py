"""Hears from Redis that a number was bought. Best effort: the poller looks by itself as well."""

import asyncio
import logging
from collections.abc import Callable

import redis.asyncio
from redis.exceptions import RedisError

from rentals.wakeup import CHANNEL

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 1.0


async def listen(url: str, ring: Callable[[int], None]) -> None:
    """Call ``ring(poll_slot)`` for each wake-up, for ever; connects again when Redis is back."""
    down = False
    while True:
        try:
            async with redis.asyncio.Redis.from_url(url) as client, client.pubsub() as channel:
                await channel.subscribe(CHANNEL)
                down = False
                async for message in channel.listen():
                    if message["type"] == "message" and message["data"].isdigit():
                        ring(int(message["data"]))
        except (RedisError, OSError) as error:
            if not down:
                logger.warning("no wake-ups from Redis: %s", type(error).__name__)
            down = True
        await asyncio.sleep(RECONNECT_SECONDS)
