"""The event loop's part of a shard: sends the polls that are due and acts on each answer."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db import Error as AnyDatabaseError

import smsbus
from accounts import operations as accounts
from rentals.operations import activation
from rentals.operations.activation import Finding
from rentals.poller import roster, shard
from rentals.poller.database import Database
from rentals.poller.doorbell import listen
from rentals.poller.flusher import Flusher
from rentals.poller.lane import Lane, Watch
from rentals.poller.watchlist import Watchlist
from smsbus.polling import AsyncTransport

logger = logging.getLogger(__name__)

BY = "poller"
MOST_ON_THEIR_WAY = (
    800  # with the connections that stay open it fits the usual limit of 1,024 files
)
SHORTEST_SLEEP = 0.005  # polls that are due within 5 ms leave together
LONGEST_SLEEP = 0.1
LOOK_SECONDS = 2.5  # how late a number is noticed whose wake-up was lost
RELOAD_SECONDS = 15.0
CLOSE_SECONDS = 2.0
LET_GO_SECONDS = 60.0  # a received number is watched so long after it expired


class Poller:
    """Polls one shard. It lives in one event loop and sleeps while that loop does not run.

    Polls, findings and connections outlive a slice: the next one in the same process goes on where
    this one stopped. Nothing here is needed by another process; it reads the database and asks the
    provider again.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.holder = uuid.uuid4()
        self.database = Database()
        self._loop = asyncio.get_running_loop()
        self._list = Watchlist(rate=settings.POLL_RATE_PER_ACCOUNT)
        self._flusher = Flusher(self._store, self._stored)
        self._transport = AsyncTransport(
            settings.SMSBUS_API_URL,
            settings.SMSBUS_RENT_URL,
            deadline=settings.SMSBUS_DEADLINE,
            connections=MOST_ON_THEIR_WAY,
        )
        self._bell = asyncio.Event()
        self._background: list[asyncio.Task[None]] = []
        self._polls: set[asyncio.Task[None]] = set()
        self._reports: set[asyncio.Task[None]] = set()
        self._answers = 0
        self._gaps: list[float] = []
        self._late: list[float] = []
        self._figures = shard.Figures()

    async def run(self, seconds: float) -> bool:
        """Poll for a slice; False as soon as somebody else holds the lease.

        Raises the bug that ended one of the background tasks, and ``django.db.Error`` when the
        lease cannot even be asked for. A database that goes away later only delays what was found.
        """
        if not await self.database.run(shard.take, self.number, self.holder):
            return False
        await self._start()
        end = self._loop.time() + seconds
        while (left := end - self._loop.time()) > 0:
            ended, _ = await asyncio.wait(
                self._background,
                timeout=min(shard.RENEW_SECONDS, left),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in ended:
                task.result()
            if not await self._renew():
                return False
        return True

    async def close(self) -> None:
        """Let go of everything; what was not stored is found again by whoever polls next."""
        tasks = [*self._background, *self._polls, *self._reports]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        await self._transport.__aexit__(None, None, None)
        await asyncio.to_thread(self.database.close)

    async def _start(self) -> None:
        if self._background:
            return
        await self._transport.__aenter__()
        for work in (
            self._follow_roster(),
            self._send_polls(),
            self._flusher.run(),
            listen(settings.REDIS_URL, self._ring),
        ):
            self._background.append(asyncio.create_task(work))

    async def _renew(self) -> bool:
        try:
            return await self.database.run(
                shard.renew, self.number, self.holder, self._take_figures()
            )
        except AnyDatabaseError as error:
            logger.warning("shard %d: lease not renewed: %s", self.number, type(error).__name__)
            return True  # nobody else can take it either

    def _take_figures(self) -> shard.Figures:
        """What was seen since the last time; where that is nothing, what was seen last."""
        gaps = _quantiles(self._gaps) or (self._figures.gap_p50_ratio, self._figures.gap_p99_ratio)
        late = _quantiles(self._late) or (self._figures.late_p50, self._figures.late_p99)
        self._figures = shard.Figures(len(self._list), self._answers, *gaps, *late)
        self._gaps, self._late, self._answers = [], [], 0
        return self._figures

    # Which numbers

    def _ring(self, poll_slot: int) -> None:
        if poll_slot % settings.POLL_SHARDS == self.number:
            self._bell.set()

    async def _follow_roster(self) -> None:
        """Learn of new numbers by the bell or by looking, and of all changes by reloading."""
        reload_at = self._loop.time()
        while True:
            self._bell.clear()
            everything = self._loop.time() >= reload_at
            try:
                await self._read_roster(everything=everything)
            except AnyDatabaseError as error:
                logger.warning("shard %d: no look: %s", self.number, type(error).__name__)
            else:
                if everything:
                    reload_at = self._loop.time() + RELOAD_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._bell.wait()

    async def _read_roster(self, *, everything: bool) -> None:
        above = 0 if everything else self._list.highest_id
        rows = await self.database.run(
            roster.watched, self.number, settings.POLL_SHARDS, above=above
        )
        wanted = {row.account_id for row in rows}
        if not everything:
            wanted -= self._list.account_ids()
        if wanted:
            self._list.update_accounts(await self.database.run(roster.accounts, wanted))
        now = self._loop.time()
        if not everything:
            self._list.add(rows, now)
            return
        over = {row.id for row in rows if row.received and row.left < -LET_GO_SECONDS}
        for activation_id in over:
            await self.database.run(activation.stop_watching, activation_id=activation_id)
        rows = [row for row in rows if row.id not in over]
        self._list.replace(rows, now, self._flusher.waiting())

    # Asking

    async def _send_polls(self) -> None:
        while True:
            now = self._loop.time()
            while len(self._polls) < MOST_ON_THEIR_WAY:
                next_poll = self._list.next_poll(now)
                if next_poll is None:
                    break
                lane, watch = next_poll
                self._late.append(now - watch.due)
                gap = watch.asked(now)
                if gap is not None:
                    self._gaps.append(gap)
                task = asyncio.create_task(self._poll(lane, watch))
                self._polls.add(task)
                task.add_done_callback(self._polls.discard)
            until_due = self._list.next_due() - now
            await asyncio.sleep(min(max(until_due, SHORTEST_SLEEP), LONGEST_SLEEP))

    async def _poll(self, lane: Lane, watch: Watch) -> None:
        token = lane.token
        try:
            answer = await self._transport.send(watch.call, token or "")
            text = watch.call.read(answer)
        except smsbus.NoSmsYet:
            self._answered(lane, watch)
        except smsbus.RequestReleased:
            self._answered(lane, watch)
            watch.closing = True
            self._flusher.add(Finding(watch.id, None))
        except smsbus.WrongToken as error:
            self._turned_away(lane, watch, token, error)
        except smsbus.SmsBusError as error:
            self._failed(lane, watch, error)
        except Exception as error:
            logger.exception("activation %s: poll", watch.id)
            self._failed(lane, watch, error)
        else:
            self._found(lane, watch, text)
        finally:
            self._answers += 1
            self._list.put_back(lane, watch)

    # Acting on the answer

    def _answered(self, lane: Lane, watch: Watch) -> None:
        watch.answered()
        if lane.breaker.succeeded(watch.asked_at):
            logger.info("provider account %s answers again", lane.account.pk)
            if lane.rejected:
                lane.rejected = False
                self._report(accounts.resume_account, account=lane.account)

    def _found(self, lane: Lane, watch: Watch, text: str) -> None:
        watch.received = True
        self._answered(lane, watch)
        if text != watch.text:
            watch.text = text
            self._flusher.add(Finding(watch.id, text))

    def _turned_away(
        self, lane: Lane, watch: Watch, token: str | None, error: smsbus.WrongToken
    ) -> None:
        watch.failed()
        if token != lane.token:
            return  # it has been replaced meanwhile
        first = not lane.rejected
        lane.turned_away(self._loop.time())
        if first:
            self._report(accounts.suspend_account, account=lane.account, code=error.code)

    def _failed(self, lane: Lane, watch: Watch, error: Exception) -> None:
        watch.failed()
        now = self._loop.time()
        if isinstance(error, smsbus.RateLimited):
            paused = lane.breaker.limited(now, watch.asked_at, error.retry_after)
        else:
            paused = lane.breaker.failed(now, watch.asked_at)
        if paused:
            logger.warning("provider account %s paused: %s", lane.account.pk, error)

    # Writing

    async def _store(self, findings: Sequence[Finding]) -> activation.Stored:
        return await self.database.run(activation.store_findings, findings, by=BY)

    def _stored(self, batch: Sequence[Finding], stored: activation.Stored | None) -> None:
        done, failed = stored or ((), [finding.activation_id for finding in batch])
        for activation_id in done:
            self._list.drop(activation_id)
        for activation_id in failed:
            self._list.forget(activation_id)

    def _report(self, operation: Callable[..., None], **arguments: Any) -> None:
        """Run an operation on an account, behind the polls; if it fails a later poll reports again."""
        task = asyncio.create_task(self._run_report(operation, arguments))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def _run_report(self, operation: Callable[..., None], arguments: Any) -> None:
        try:
            await self.database.run(operation, **arguments)
        except Exception:
            logger.exception("shard %d: %s", self.number, operation.__name__)


def _quantiles(values: list[float]) -> tuple[float, float] | None:
    """The median and what 1 in 100 exceeds; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[len(ordered) // 2], 3), round(ordered[len(ordered) * 99 // 100], 3)
