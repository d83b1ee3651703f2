"""Tells open pages what changed, once the change is committed.

Best effort by design: a page reads everything again whenever its stream (re)connects, so a lost
signal delays it and never loses anything. That is why Redis being down is logged and never raised.
"""

import logging
import time
from functools import cache

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from live.channels import CLOSE, EVERY_TEAM, TOPIC, team_channel

logger = logging.getLogger(__name__)

SOCKET_SECONDS = 0.25  # to connect, and again to send: all that a Redis that hangs may cost
PAUSE_SECONDS = 1.0  # a Redis that failed is left alone for so long
LOG_SECONDS = 60.0


def publish(*, team_id: int | None, topic: str) -> None:
    """Signal ``topic`` to the open pages of a team, or of all for None, after the current transaction commits.

    Topics: ``purchase:<uuid>`` (it or its activation changed), ``leases``, ``money``, ``inbox`` (an
    SMS came), ``export:<uuid>`` (a workbook is further), ``notifications:<user id>`` (one member's);
    of all teams ``provider`` (whether it answers). The same topic is published once for each transaction
    however often it is asked for; a rollback, of a savepoint too, takes it back; outside a transaction
    it goes out at once.

    Raises ``ValueError`` for a topic that is no identifier, and nothing else: a Redis that is down
    costs about half a second at most, and only once a second.
    """
    if not TOPIC.match(topic):
        raise ValueError("a topic is 1 to 100 ASCII letters, digits and _ : . -")
    send_on_commit(EVERY_TEAM if team_id is None else team_channel(team_id), topic)


def close_streams(*, user_id: int, team_id: int | None = None) -> None:
    """End a user's open streams (in one team, or all) after the current transaction commits.

    For whatever takes a right away: sign-out, deactivation, leaving a team, another role. The
    pages then ask for a new ticket, with the rights that are left; a ticket made before the commit
    is refused. Never raises.
    """
    send_on_commit(CLOSE, f"{user_id}" if team_id is None else f"{user_id}:{team_id}")


class _Signal:
    """A message that waits for the commit."""

    def __init__(self, channel: str, message: str) -> None:
        self.key = (channel, message)
        self.sent = False

    def __call__(self) -> None:
        self.sent = True
        channel, message = self.key
        if channel == CLOSE:  # when the right was gone: not when it is heard of, which is later
            message += f"@{time.time():.3f}"
        _publisher().send(channel, message)


def send_on_commit(channel: str, message: str) -> None:
    """Publish ``message`` after the current transaction commits, once for each transaction."""
    signal = _Signal(channel, message)
    # Django forgets the hooks of a savepoint that is rolled back, so what is found here really
    # will be sent. One that ran does not count: only a test's outer transaction keeps those.
    for _, hook, *_ in transaction.get_connection().run_on_commit:
        if isinstance(hook, _Signal) and hook.key == signal.key and not hook.sent:
            return
    transaction.on_commit(signal)


class _Publisher:
    """One process's connections to Redis and what it knows about Redis's health."""

    def __init__(self, url: str) -> None:
        # The pool notices a fork and opens connections of its own in the child. The one retry is
        # for a pooled connection whose server was restarted; a time-out is not tried again.
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self.paused_until = 0.0
        self.silent_until = 0.0

    def send(self, channel: str, message: str) -> None:
        """Publish, or let it be: the reason is logged once a minute."""
        if time.monotonic() < self.paused_until and channel != CLOSE:
            return  # but a right that was taken away is always worth the try
        try:
            self.client.publish(channel, message)
        except (redis.RedisError, OSError) as error:
            now = time.monotonic()
            self.paused_until = now + PAUSE_SECONDS
            if now >= self.silent_until:
                self.silent_until = now + LOG_SECONDS
                logger.warning("Redis is down, open pages lag behind: %s", type(error).__name__)


def _publisher() -> _Publisher:
    return _publisher_at(settings.REDIS_URL)


@cache
def _publisher_at(url: str) -> _Publisher:
    return _Publisher(url)
