"""One provider account as the poller sees it: its token, its open numbers, and what it may ask."""

import math
from dataclasses import dataclass
from uuid import UUID

from accounts.models import ProviderAccount
from rentals.poller.budget import Breaker, RateBucket, pause_after
from rentals.poller.schedule import Schedule, interval_at
from smsbus.wire import Call

WRONG_TOKEN_CODES = (400, 401)
# How often an account whose token was turned away is tried with a poll, to notice that it is back.
REJECTED_PAUSE = 60.0
# Polls of one account on their way at a time: one that hangs leaves room for the others.
MOST_ON_THEIR_WAY = 256
BURST_SECONDS = 0.2


@dataclass(slots=True, eq=False)
class Watch:
    """One number being watched. Times are the event loop's."""

    id: int
    account_id: UUID
    call: Call[str]
    born: float
    received: bool
    due: float
    interval: float
    asked_at: float = -math.inf
    failures: int = 0
    text: str | None = None  # the newest text that went to the flusher
    closing: bool = False  # its end is being stored: asked no more
    dropped: bool = False

    def asked(self, now: float) -> float | None:
        """Note a poll that leaves now; return the gap since the last one ÷ the interval, if any."""
        ratio = (now - self.asked_at) / self.interval if self.asked_at > -math.inf else None
        self.asked_at = now
        return ratio

    def answered(self) -> None:
        """Set when it is due again: one interval after it was asked."""
        self.failures = 0
        self._again(interval_at(self.asked_at - self.born, received=self.received))

    def failed(self) -> None:
        """Set when it is due again: later and later, because it may be this number only."""
        self.failures += 1
        usual = interval_at(self.asked_at - self.born, received=self.received)
        self._again(max(usual, pause_after(self.failures)))

    def _again(self, interval: float) -> None:
        self.interval = interval
        self.due = self.asked_at + interval


class Lane:
    """The open numbers of one account: the most overdue first, within its budget.

    ``booked_for`` belongs to the poller, which keeps lanes by the time they are ready.
    """

    def __init__(self, account: ProviderAccount, token: str | None, *, rate: float) -> None:
        self.account = account
        self.token = token
        self.bucket = RateBucket(rate, rate * BURST_SECONDS)
        self.breaker = Breaker()
        self.numbers: Schedule[Watch] = Schedule()
        self.on_their_way = 0
        self.booked_for = math.inf
        self.rejected = _is_rejected(account)
        if self.rejected:
            self.breaker.open(0.0, 0.0)  # one poll first

    def refresh(self, account: ProviderAccount, token: str | None) -> None:
        """Take over what the database says now: another token, or a person's resuming it."""
        new_token = token != self.token
        resumed = _is_rejected(self.account) and not _is_rejected(account)
        self.account, self.token = account, token
        if new_token or resumed:
            self.rejected = _is_rejected(account)
            self.breaker.reset()

    def ready_at(self) -> float:
        """When the next poll may go; infinity when nothing is there or too much on its way."""
        while self.numbers and self.numbers.first().dropped:
            self.numbers.pop()
        if self.token is None or self.on_their_way >= MOST_ON_THEIR_WAY:
            return math.inf
        return max(self.numbers.next_due(), self.bucket.ready_at(), self.breaker.ready_at())

    def take(self, now: float) -> Watch:
        """Take out the most overdue number, to be asked about now."""
        watch = self.numbers.pop()
        self.on_their_way += 1
        self.bucket.take(now)
        self.breaker.sent()
        return watch

    def turned_away(self, now: float) -> None:
        """The provider does not know the token: from now on one poll a minute."""
        self.rejected = True
        self.breaker.open(now, REJECTED_PAUSE)

    def put_back(self, watch: Watch) -> None:
        """Schedule a number that nothing asks about at the moment."""
        if not (watch.dropped or watch.closing):
            self.numbers.add(watch.due, watch)


def _is_rejected(account: ProviderAccount) -> bool:
    suspended = account.state == ProviderAccount.State.SUSPENDED
    return suspended and account.suspended_code in WRONG_TOKEN_CODES
