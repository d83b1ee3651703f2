"""The site's processes, driven step by step in this one: worker, poller, beat, and their deaths.

What runs is the product: tasks are taken from the real queues in Redis, the poller is the real one
and asks the sandbox over HTTP, every transaction is committed. Only *when* each of them runs is the
test's choice, so that hypothesis can order them as no clock would.
"""

import asyncio
import base64
import contextlib
import functools
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connection

import smsbus
from core import queue
from rentals import journal, ledger
from rentals.poller.loop import Poller
from smsbus import Answer, Call

QUEUES = ("buy", "default")
NOBODY = "http://127.0.0.1:9"  # where nothing listens: a refused connection
MOST_TASKS = 300  # more in one go and they enqueue each other for ever


class Killed(BaseException):
    """The process was killed at this point: nothing after it runs, what is open rolls back."""


class Points:
    """The points at which a process can be killed, or be slow while others go on.

    Every event and entry that is written, every wake-up and every call to the provider is one, before
    and after. ``die_in`` counts down to the death; ``meanwhile`` is called at a call to the provider,
    when ``calls`` of them are over.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.forget()
        self.unplugged = False
        self.on_call: Callable[[Call[Any], Callable[[], Answer]], Answer] = lambda _, send: send()
        self.deadline: Callable[[str], float] = lambda name: settings.SMSBUS_DEADLINE
        for module, name in ((journal, "note"), (ledger, "_enter"), (queue, "_send")):
            patch.setattr(module, name, self._with_points(getattr(module, name)))
        self._really_send = smsbus.Client.send
        points = self
        patch.setattr(smsbus.Client, "send", lambda client, call: points._send(client, call))

    def forget(self) -> None:
        """Nobody dies, nobody is slow."""
        self.die_in: int | None = None
        self.calls = 0
        self.meanwhile: Callable[[bool], None] | None = None

    def _with_points(self, step: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(step)
        def stepping(*args: Any, **kwargs: Any) -> Any:
            self._pass()
            result = step(*args, **kwargs)
            self._pass()
            return result

        return stepping

    def _pass(self) -> None:
        if self.die_in is not None:
            self.die_in -= 1
            if self.die_in < 0:
                self.die_in = None
                raise Killed

    def _send(self, client: smsbus.Client, call: Call[Any]) -> Answer:
        assert not connection.in_atomic_block, f"{call.name} is called inside a transaction"
        self._pass()
        if call.effect:
            self._let_others_go_on(may_take_long=False)
        if self.unplugged:
            client.api_url = client.rent_url = NOBODY
        client.deadline = self.deadline(call.name)
        try:
            return self.on_call(call, lambda: self._really_send(client, call))
        finally:
            self._pass()
            self._let_others_go_on(may_take_long=True)

    def _let_others_go_on(self, *, may_take_long: bool) -> None:
        if self.meanwhile is None:
            return
        self.calls -= 1
        if self.calls < 0:
            meanwhile, die_in = self.meanwhile, self.die_in
            self.forget()  # what goes on is another process, which lives
            meanwhile(may_take_long)
            self.die_in = die_in


class Worker:
    """Takes tasks from the queues in Redis and runs them; ``running`` is what it is at, innermost last."""

    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(settings.REDIS_URL)
        self.running: list[tuple[str, Any]] = []
        self.done: list[tuple[str, list[Any]]] = []

    def take(self) -> tuple[str, list[Any]] | None:
        """The next task and its arguments; acknowledged when it starts, as ours are."""
        for name in QUEUES:
            message = self.redis.rpop(name)
            if message:
                envelope = json.loads(message)
                arguments = json.loads(base64.b64decode(envelope["body"]))[0]
                return envelope["headers"]["task"], arguments
        return None

    def work(self, most: int = MOST_TASKS) -> int:
        """Run up to ``most`` waiting tasks; returns how many there were."""
        for count in range(most):
            task = self.take()
            if task is None:
                return count
            self.run(*task)
        assert most < MOST_TASKS, "tasks without end"
        return most

    def run(self, name: str, arguments: list[Any]) -> None:
        """Run one task, again if need be; a worker that is killed leaves everything as it is."""
        self.done.append((name, arguments))
        depth = len(self.running)
        self.running.append((name.rpartition(".")[2], arguments[0] if arguments else None))
        try:
            with contextlib.suppress(Killed):
                current_app.tasks[name](*arguments)
        finally:
            del self.running[depth:]

    @property
    def purchase(self) -> int | None:
        """The primary key of the purchase that is being sent now."""
        name, argument = self.running[-1] if self.running else ("", None)
        return argument if name == "send_purchase" else None


class PollerProcess:
    """The real poller, one round at a time, by the travelled clock."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._poller: Poller | None = None

    def round(self) -> None:
        """Read which numbers there are, ask for those that are due, store what was found."""
        try:
            self._loop.run_until_complete(self._round())
        except Killed:
            self.stop()

    async def _round(self) -> None:
        if self._poller is None:
            self._poller = Poller(0)
            self._poller._loop = SimpleNamespace(time=time.time)  # type: ignore[assignment]
            await self._poller._transport.__aenter__()
        poller = self._poller
        await poller._read_roster(everything=True)
        while (due := poller._list.next_poll(time.time())) is not None:
            lane, watch = due
            watch.asked(time.time())
            await poller._poll(lane, watch)
        await self._store(poller)
        await asyncio.gather(*poller._reports)

    async def _store(self, poller: Poller) -> None:
        storing = asyncio.create_task(poller._flusher.run())
        while len(poller._flusher) and not storing.done():
            await asyncio.sleep(0.001)
        if storing.done():
            storing.result()
        storing.cancel()
        await asyncio.wait([storing])

    def stop(self) -> None:
        """End it; what it knew is forgotten, the next round starts a new one."""
        if self._poller is not None:
            self._loop.run_until_complete(self._poller.close())
            self._poller = None

    def close(self) -> None:
        """End it for good."""
        self.stop()
        self._loop.close()
