"""Everything a shard watches, in memory: which number of which account is to be asked next.

No input or output: the poller reads the database and talks to the provider, this only decides.
"""

import math
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from uuid import UUID

from accounts.models import ProviderAccount
from rentals.poller.lane import Lane, Watch
from rentals.poller.roster import Row
from rentals.poller.schedule import Schedule, interval_at
from smsbus import wire

# Numbers that are older when they are first seen were another poller's: spread over the interval.
NEW_SECONDS = 30.0


class Watchlist:
    """Numbers by account, accounts by when they are ready.

    ``rate`` is how many polls a second each account may have.
    """

    def __init__(self, *, rate: float, spread: Callable[[], float] = random.random) -> None:
        self._rate = rate
        self._spread = spread
        self._watches: dict[int, Watch] = {}
        self._lanes: dict[UUID, Lane] = {}
        self._agenda: Schedule[Lane] = Schedule()
        self.highest_id = 0

    def __len__(self) -> int:
        return len(self._watches)

    def account_ids(self) -> set[UUID]:
        """The accounts that are known."""
        return set(self._lanes)

    def update_accounts(self, pairs: Iterable[tuple[ProviderAccount, str | None]]) -> None:
        """Take over what the database says about accounts."""
        for account, token in pairs:
            lane = self._lanes.get(account.pk)
            if lane is None:
                self._lanes[account.pk] = Lane(account, token, rate=self._rate)
            else:
                lane.refresh(account, token)
                self._book(lane)

    def add(self, rows: Sequence[Row], now: float) -> None:
        """Begin to watch what is new among ``rows``; their accounts are known."""
        for row in rows:
            self.highest_id = max(self.highest_id, row.id)
            if row.id not in self._watches:
                self._add(row, now)

    def replace(self, rows: Sequence[Row], now: float, unstored: Collection[int]) -> None:
        """Take ``rows`` for all that is to be watched: drop the others, mend what differs.

        An SMS that the database does not have, and that is not on its way there (``unstored``), is
        forgotten, so that the next poll finds it again.
        """
        self.add(rows, now)
        current = {row.id for row in rows}
        for activation_id in [known for known in self._watches if known not in current]:
            self.drop(activation_id)
        for row in rows:
            watch = self._watches[row.id]
            if row.id not in unstored:
                watch.received = row.received
                watch.text = watch.text if row.received else None
        in_use = {row.account_id for row in rows}
        for account_id in [known for known in self._lanes if known not in in_use]:
            del self._lanes[account_id]

    def next_due(self) -> float:
        """When the next poll may go, not before; infinity when there is nothing to do."""
        return self._agenda.next_due()

    def next_poll(self, now: float) -> tuple[Lane, Watch] | None:
        """Take out the number to ask about now: accounts by turns, the most overdue first."""
        while self._agenda.next_due() <= now:
            booked_for = self._agenda.next_due()
            lane = self._agenda.pop()
            if booked_for != lane.booked_for:
                continue  # booked for an earlier time since
            lane.booked_for = math.inf
            if lane.ready_at() <= now:
                watch = lane.take(now)
                self._book(lane)
                return lane, watch
            self._book(lane)
        return None

    def put_back(self, lane: Lane, watch: Watch) -> None:
        """The poll of ``watch`` has ended: schedule the next one, unless it was the last."""
        lane.on_their_way -= 1
        lane.put_back(watch)
        self._book(lane)

    def forget(self, activation_id: int) -> None:
        """What was found on a number could not be stored: find it again."""
        watch = self._watches.get(activation_id)
        if watch is None:
            return
        watch.text = None
        if watch.closing:
            watch.closing = False
            lane = self._lanes[watch.account_id]
            lane.put_back(watch)
            self._book(lane)

    def drop(self, activation_id: int) -> None:
        """Ask about a number no more."""
        watch = self._watches.pop(activation_id, None)
        if watch is not None:
            watch.dropped = True

    def _add(self, row: Row, now: float) -> None:
        interval = interval_at(row.age, received=row.received)
        watch = Watch(
            id=row.id,
            account_id=row.account_id,
            call=wire.get_sms(row.request_id),
            born=now - row.age,
            received=row.received,
            due=now + self._first_wait(row, interval),
            interval=interval,
        )
        lane = self._lanes[row.account_id]
        self._watches[row.id] = watch
        lane.put_back(watch)
        self._book(lane)

    def _first_wait(self, row: Row, interval: float) -> float:
        if row.age < NEW_SECONDS:
            return max(0.0, interval - row.age)
        return self._spread() * interval

    def _book(self, lane: Lane) -> None:
        ready_at = lane.ready_at()
        if ready_at < lane.booked_for:
            lane.booked_for = ready_at
            self._agenda.add(ready_at, lane)
