"""One Redis subscription for each process, fanned out to the streams that are open in it.

A subscription for each tab would make Redis send every broadcast thousands of times; this way a
stream costs some kilobytes and nothing anywhere else.
"""

import asyncio
import logging
import random
import signal
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from live.channels import CLOSE, CLOSING, EVERY_TEAM, PATTERN, TOPIC
from live.subscriber import Subscriber
from live.tickets import TICKET_SECONDS, Ticket

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 5.0  # then Redis is asked whether it is still there, and given as long to answer
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # between attempts to reach Redis
PING_SECONDS = 15.0
PING_SLICES = 100
RENEW_SECONDS = 30.0


class TooManyStreams(Exception):
    """The user has ``LIVE_STREAMS_PER_USER`` streams open in this process."""


class Withdrawn(Exception):
    """The user's streams were ended after the ticket was made: it may say more than is true."""


class Closing(Exception):
    """The server is about to stop."""


class Hub:
    """The streams of one event loop, and the subscription that feeds them.

    Everything but the two tasks is synchronous and runs in that loop: no locks.
    """

    def __init__(self) -> None:
        self.connected = False
        self._subscriptions = 0
        self._closing = False
        self._streams: set[Subscriber] = set()
        self._by_team: dict[int, set[Subscriber]] = {}
        self._by_user: dict[int, set[Subscriber]] = {}
        self._withdrawn: dict[tuple[int, int | None], float] = {}
        self._tasks = [
            asyncio.create_task(self._listen(), name="live: listen to Redis"),
            asyncio.create_task(self._ping(), name="live: ping the streams"),
        ]

    def __len__(self) -> int:
        return len(self._streams)

    @contextmanager
    def subscription(self, ticket: Ticket) -> Iterator[Subscriber]:
        """Hear what changes in the ticket's team, until the context ends.

        The first thing to hear is ``sync``, and not before Redis has confirmed the subscription: a
        page that reads everything then has missed nothing. Raises ``TooManyStreams``,
        ``Withdrawn`` or ``Closing``.
        """
        self._admit(ticket)
        subscriber = Subscriber(team_id=ticket.team_id, user_id=ticket.user_id)
        indexes = ((self._by_team, ticket.team_id), (self._by_user, ticket.user_id))
        self._streams.add(subscriber)
        for index, key in indexes:
            index.setdefault(key, set()).add(subscriber)
        if self.connected:
            subscriber.notify("sync")
        try:
            yield subscriber
        finally:
            self._streams.discard(subscriber)
            for index, key in indexes:
                index[key].discard(subscriber)
                if not index[key]:
                    del index[key]

    def close(self) -> None:
        """End all streams and admit no more: the server stops."""
        self._closing = True
        for subscriber in self._streams:
            subscriber.end()

    def _admit(self, ticket: Ticket) -> None:
        if self._closing:
            raise Closing
        for team_id in (ticket.team_id, None):
            if ticket.made <= self._withdrawn.get((ticket.user_id, team_id), 0):
                raise Withdrawn
        if len(self._by_user.get(ticket.user_id, ())) >= settings.LIVE_STREAMS_PER_USER:
            raise TooManyStreams

    async def _listen(self) -> None:
        pause = 0.0
        while True:
            try:
                await self._follow()
            except (redis.RedisError, OSError) as error:
                if self.connected or not pause:  # once for each outage
                    logger.warning("No live updates until Redis is back: %s", type(error).__name__)
            if self.connected:
                self.connected, pause = False, 0.0
                for subscriber in self._streams:
                    subscriber.notify("lost")
            pause = min(2 * pause or FIRST_PAUSE, LONGEST_PAUSE)
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311

    async def _follow(self) -> None:
        """Subscribe and hand out messages until Redis fails or falls silent, which raises."""
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=SILENCE_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        async with client, client.pubsub() as pubsub:
            await pubsub.psubscribe(PATTERN)
            asked = False
            while True:
                message = await pubsub.get_message(timeout=SILENCE_SECONDS)
                if message is None and asked:
                    raise redis.TimeoutError("Redis does not answer")
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "psubscribe":
                    # Again after every reconnection that the library makes on its own.
                    self._catch_up()
                elif message["type"] == "pmessage":
                    self._hear(_text(message["channel"]), _text(message["data"]))
                asked = message is None

    def _catch_up(self) -> None:
        """Start again from what is true now: nobody knows what was said during the gap."""
        self.connected = True
        self._subscriptions += 1
        for subscriber in self._streams:
            subscriber.notify("sync")
            if self._subscriptions > 1:
                # The end of somebody's right may have been said in it, so all are looked at
                # again, not in the same moment.
                subscriber.end_within(RENEW_SECONDS)

    def _hear(self, channel: str, message: str) -> None:
        if channel == CLOSE:
            if closing := CLOSING.fullmatch(message):
                user_id, team_id, moment = closing.groups()
                self._withdraw(int(user_id), int(team_id) if team_id else None, float(moment))
            return
        if TOPIC.match(message):
            for subscriber in self._listeners(channel):
                subscriber.signal(message)

    def _listeners(self, channel: str) -> Collection[Subscriber]:
        if channel == EVERY_TEAM:
            return self._streams
        team = channel.rpartition(":")[2]
        return self._by_team.get(int(team), ()) if team.isdecimal() else ()

    def _withdraw(self, user_id: int, team_id: int | None, moment: float) -> None:
        for key, earlier in list(self._withdrawn.items()):
            if earlier < time.time() - 2 * TICKET_SECONDS:
                del self._withdrawn[key]
        # Two ends may be heard of in the other order.
        self._withdrawn[user_id, team_id] = max(moment, self._withdrawn.get((user_id, team_id), 0))
        for subscriber in self._by_user.get(user_id, ()):
            if team_id in (None, subscriber.team_id):
                subscriber.end()

    async def _ping(self) -> None:
        """Ping each stream every ``PING_SECONDS``, in slices: thousands at once would stall."""
        while True:
            streams = list(self._streams)
            for number in range(PING_SLICES):
                for subscriber in streams[number::PING_SLICES]:
                    subscriber.ping()
                await asyncio.sleep(PING_SECONDS / PING_SLICES)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current() -> Hub:
    """Return the hub of the running event loop; it starts with the first call, ends with the loop.

    When a task of the hub fails the streams end with it: their pages come back and find a new one.
    """
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        hub = _hubs[loop] = Hub()
        for task in hub._tasks:
            task.add_done_callback(lambda task: _retire(loop, hub, task))
        _close_on_exit(loop, hub)
    return _hubs[loop]


def count_streams() -> int:
    """How many streams are open in this process; from any thread."""
    return sum(len(hub) for hub in list(_hubs.values()))


def _retire(loop: asyncio.AbstractEventLoop, hub: Hub, task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("%s failed, streams start again", task.get_name(), exc_info=error)
    hub.close()
    for other in hub._tasks:
        other.cancel()
    if _hubs.get(loop) is hub:
        del _hubs[loop]


def _close_on_exit(loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
    """End the streams on SIGINT and SIGTERM, then do what the server does.

    A server that stops gracefully waits for its open responses, which would never end; and ASGI
    tells an application of the stop only after that.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        _chain(number, lambda: loop.is_closed() or loop.call_soon_threadsafe(hub.close))


def _chain(number: signal.Signals, first: Any) -> None:
    previous = signal.getsignal(number)
    if not callable(previous):
        return

    def handle(number: int, stack: FrameType | None) -> None:
        first()
        previous(number, stack)

    signal.signal(number, handle)


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace")
