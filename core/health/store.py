"""Where processes write what they know about themselves: hashes in Redis.

Nothing here needs to survive: all of it is written again within seconds. A Redis that is away is
nobody's business but the reader's, who is told ``Away``.
"""

import json
import os
import socket
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

T = TypeVar("T")

HEARTBEATS = "busstop:health:heartbeats"  # part → {"at", "waited"}
PROCESSES = "busstop:health:processes"  # host:pid → {"kind", "at", …}
CALLS = "busstop:health:calls"  # name|what → count; and one more for each window, by its number
WINDOW_SECONDS = 300  # what a page shows of calls: those of this window and of the one before
SOCKET_SECONDS = 0.5
FORGET_SECONDS = 3600  # a process that has been silent for so long is taken off the list


class Away(Exception):
    """Redis does not answer."""


def process_name() -> str:
    """What tells this process from the others: ``host:pid``."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def beat(part: str, *, waited: float | None = None) -> None:
    """Write that ``part`` is alive now; ``waited``: seconds that its work had been in the queue."""
    _try(
        lambda client: client.hset(
            HEARTBEATS, part, json.dumps({"at": time.time(), "waited": waited})
        )
    )


def report(kind: str, **figures: float) -> None:
    """Write that this process is alive now, what kind it is, and its figures."""
    row = json.dumps({"kind": kind, "at": time.time(), **figures})
    _try(lambda client: client.hset(PROCESSES, process_name(), row))


def add_calls(counts: Mapping[str, int]) -> None:
    """Add to the counts of calls: those of all time and those of this window, in one round trip."""
    window = f"{CALLS}:{int(time.time()) // WINDOW_SECONDS}"

    def write(client: "redis.Redis") -> None:
        pipeline = client.pipeline(transaction=True)
        for name, count in counts.items():
            pipeline.hincrby(CALLS, name, count)
            pipeline.hincrby(window, name, count)
        pipeline.expire(window, 3 * WINDOW_SECONDS)
        pipeline.execute()

    _try(write)


def heartbeats() -> dict[str, dict[str, Any]]:
    """What each part wrote last. Raises ``Away``."""
    return _rows(HEARTBEATS)


def processes() -> dict[str, dict[str, Any]]:
    """What each process wrote last; those long silent are forgotten. Raises ``Away``."""
    rows = _rows(PROCESSES)
    gone = [name for name, row in rows.items() if row["at"] < time.time() - FORGET_SECONDS]
    if gone:
        _try(lambda client: client.hdel(PROCESSES, *gone))
    return {name: row for name, row in rows.items() if name not in gone}


def calls(*, recent: bool) -> Counter[str]:
    """The counts of calls since Redis was emptied, or of the last five to ten minutes. Raises ``Away``."""
    number = int(time.time()) // WINDOW_SECONDS
    keys = [f"{CALLS}:{number}", f"{CALLS}:{number - 1}"] if recent else [CALLS]
    counts: Counter[str] = Counter()
    for key in keys:
        counts.update({name: int(count) for name, count in _read(key).items()})
    return counts


def ping() -> None:
    """Ask Redis for a sign of life. Raises ``Away``."""
    _try(lambda client: client.ping())


def queue_lengths(names: tuple[str, ...]) -> dict[str, int]:
    """How many tasks wait in each queue. Raises ``Away``."""
    return {name: int(_try(lambda client, name=name: client.llen(name))) for name in names}


def _rows(key: str) -> dict[str, dict[str, Any]]:
    return {name: json.loads(row) for name, row in _read(key).items()}


def _read(key: str) -> dict[str, str]:
    found: dict[str, str] = _try(lambda client: client.hgetall(key))
    return found


def _try(act: Any) -> Any:
    try:
        return act(_client_of(settings.REDIS_URL, os.getpid()))
    except (redis.RedisError, OSError) as error:
        raise Away(type(error).__name__) from None


@cache
def _client_of(url: str, pid: int) -> "redis.Redis":
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
