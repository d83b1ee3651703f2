"""The rules of the OTP service: one number, one service, one SMS, twenty minutes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.books import Account, Entry
from sandbox.catalogue import Offer
from sandbox.clock import MINUTE
from sandbox.codes import (
    BLOCKED,
    MESSAGES,
    NO_NUMBER,
    NO_SERVICE_FOR_COUNTRY,
    NO_SMS_YET,
    NOT_REUSABLE,
    NOT_REUSABLE_NOW,
    NUMBER_EXPIRED,
    RELEASED,
    REQUEST_CLOSED,
    TOO_MANY_WAITING,
    UNKNOWN_NUMBER,
    Refusal,
)
from sandbox.numbering import dialling_code, make_national_number
from sandbox.store import Store
from sandbox.texts import write_text

if TYPE_CHECKING:
    from sandbox.world import World

LIFETIME = 20 * MINUTE
REUSE_WITHIN = 20 * MINUTE
DEMO_SPREAD = (2 / 3, 3 / 2)  # an SMS comes after this share of the demo time

OPEN, RECEIVED, CANCELLED, EXPIRED = "open", "received", "cancelled", "expired"
BOOKED_AS = {OPEN: "frozen", RECEIVED: "charged", CANCELLED: "released", EXPIRED: "released"}


@dataclass
class Request:
    """One number sold to one account. ``kind`` is ``number`` or ``reuse``; ``number_sold_at``
    is when the number was first sold, which a reuse leaves as it was."""

    id: str
    account: int
    kind: str
    country_id: int
    project_id: int
    number: str
    cost: Decimal
    reusable: bool
    refer_id: str | None
    sold_at: float
    number_sold_at: float
    expires_at: float
    state: str = OPEN
    texts: list[str] = field(default_factory=list)
    sms_due: float | None = None
    withheld: bool = False

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Request":
        return cls(**body | {"cost": Decimal(body["cost"])})


class Activations:
    """Every method expects to be called within ``world.turn()`` unless it says otherwise."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._requests: dict[str, Request] = {}
        self._of_account: dict[int, list[Request]] = {}
        self._newest: dict[tuple[int, str], Request] = {}
        self._waiting: dict[int, int] = {}
        self._numbers: set[str] = set()

    # What the API does

    def buy(
        self,
        account: Account,
        country_id: int,
        project_id: int,
        *,
        now: float,
        refer_id: str | None = None,
        reuse: bool = False,
    ) -> Request:
        """Sell a number and freeze its price. Refuses with 50208, 50214, 50104, 50002, 50201."""
        self._world.require_active(account)
        self._require_unblocked(account, project_id, now)
        if self._waiting.get(account.index, 0) >= account.waiting_limit:
            raise Refusal(TOO_MANY_WAITING)
        offer = self._world.offer(country_id, project_id)
        if offer is None or offer.stock <= 0 or (reuse and not offer.reusable):
            raise Refusal(NO_NUMBER)
        account.freeze(offer.cost)
        self._world.move_stock(country_id, project_id, -1)
        number = self._make_number(country_id)
        return self._open(account, offer, number, kind="number", refer_id=refer_id, now=now)

    def reuse(
        self,
        account: Account,
        country_id: int,
        project_id: int,
        number: str,
        *,
        now: float,
        refer_id: str | None = None,
    ) -> Request:
        """Sell a number of this account once more, at today's price.

        Refuses with 50208, 50001, 50007 (never ours), 50107 (not of a reusable kind, or it was
        another service), 50109 (sold over 20 minutes ago), 50108 (no SMS came yet), 50201.
        """
        self._world.require_active(account)
        offer = self._world.offer(country_id, project_id)
        if offer is None:
            raise Refusal(NO_SERVICE_FOR_COUNTRY)
        last = self._newest.get((account.index, number))
        if last is None:
            raise Refusal(UNKNOWN_NUMBER)
        if not last.reusable or (last.country_id, last.project_id) != (country_id, project_id):
            raise Refusal(NOT_REUSABLE)
        if now >= last.number_sold_at + REUSE_WITHIN:
            raise Refusal(NUMBER_EXPIRED)
        if last.state != RECEIVED:
            raise Refusal(NOT_REUSABLE_NOW)
        account.freeze(offer.cost)
        again = self._open(account, offer, number, kind="reuse", refer_id=refer_id, now=now)
        again.number_sold_at = last.number_sold_at
        return again

    def read(self, account: Account, request_id: str, now: float) -> str:
        """The newest text, until the request's time is up. Refuses with 50101, 50102."""
        request = self._requests.get(request_id)
        if request is None or request.account != account.index or now >= request.expires_at:
            raise Refusal(RELEASED)
        if request.texts:
            return request.texts[-1]
        raise Refusal(NO_SMS_YET if request.state == OPEN else RELEASED)

    def cancel(self, account: Account, request_id: str) -> None:
        """Close an open request and give the money back. Refuses with 50103."""
        request = self._requests.get(request_id)
        if request is None or request.account != account.index or request.state != OPEN:
            raise Refusal(REQUEST_CLOSED)
        self._close_unused(request, CANCELLED, comes=self._world.refund_comes("cancel"))

    # What happens outside of the API

    def deliver(self, request_id: str, text: str) -> bool:
        """An SMS arrives (call outside of a turn). False when nobody holds the number any more.
        Raises ``KeyError`` for an id that was never given out."""
        with self._world.turn() as now:
            if request_id not in self._requests:
                raise KeyError("no such request")
            return self._receive(self._requests[request_id], text, now)

    def open_requests(self) -> list[Request]:
        """All that can still receive, of all accounts, newest first (call within a turn)."""
        now = self._world.clock.now()
        alive = (OPEN, RECEIVED)
        found = [r for r in self._requests.values() if r.state in alive and now < r.expires_at]
        return found[::-1]

    def entries(self, account: Account) -> Iterator[Entry]:
        for request in self._of_account.get(account.index, []):
            state = "withheld" if request.withheld else BOOKED_AS[request.state]
            yield Entry(
                id=request.id,
                kind=request.kind,
                amount=request.cost,
                state=state,
                number=request.number,
                refer_id=request.refer_id,
                at=request.sold_at,
            )

    def load(self, store: Store) -> None:
        requests = map(Request.from_json, store.load("request").values())
        for request in sorted(requests, key=lambda request: int(request.id)):
            self._enter(request)

    # Inside

    def _require_unblocked(self, account: Account, project_id: int, now: float) -> None:
        until = account.blocks.get(project_id)
        if until is not None and now < until:
            when = self._world.clock.iso(until)
            raise Refusal(BLOCKED, f"{MESSAGES[BLOCKED]}, until {when}")

    def _open(
        self,
        account: Account,
        offer: Offer,
        number: str,
        *,
        kind: str,
        refer_id: str | None,
        now: float,
    ) -> Request:
        request = Request(
            id=self._world.next_request_id(),
            account=account.index,
            kind=kind,
            country_id=offer.country_id,
            project_id=offer.project_id,
            number=number,
            cost=offer.cost,
            reusable=offer.reusable,
            refer_id=refer_id,
            sold_at=now,
            number_sold_at=now,
            expires_at=now + LIFETIME,
        )
        if self._world.demo_seconds is not None:
            share = self._world.chance("sms delay", request.id).uniform(*DEMO_SPREAD)
            request.sms_due = now + share * self._world.demo_seconds
        self._enter(request)
        self._touch(request, account)
        return request

    def _enter(self, request: Request) -> None:
        self._requests[request.id] = request
        self._of_account.setdefault(request.account, []).append(request)
        self._newest[request.account, request.number] = request
        self._numbers.add(request.number)
        if request.state == OPEN:
            self._waiting[request.account] = self._waiting.get(request.account, 0) + 1
            self._world.schedule(request.expires_at, self._expire, request.id)
            if request.sms_due is not None:
                self._world.schedule(request.sms_due, self._receive_demo_sms, request.id)

    def _receive(self, request: Request, text: str, now: float) -> bool:
        if request.state not in (OPEN, RECEIVED) or now >= request.expires_at:
            return False
        account = self._world.accounts[request.account]
        if request.state == OPEN:
            request.state = RECEIVED
            self._waiting[account.index] -= 1
            account.charge(request.cost)
        request.texts.append(text)
        self._touch(request, account)
        return True

    def _receive_demo_sms(self, request_id: str, due: float) -> None:
        request = self._requests[request_id]
        if request.state == OPEN:
            service = self._world.catalogue.services[request.project_id]
            self._receive(request, write_text(service, self._world.chance("sms", request_id)), due)

    def _expire(self, request_id: str, due: float) -> None:
        request = self._requests[request_id]
        if request.state == OPEN:
            self._close_unused(request, EXPIRED, comes=self._world.refund_comes("expire"))

    def _close_unused(self, request: Request, state: str, *, comes: bool) -> None:
        """The number goes back on sale; the money is released if it ``comes``."""
        account = self._world.accounts[request.account]
        request.state = state
        request.withheld = not comes
        self._waiting[account.index] -= 1
        if comes:
            account.release(request.cost)
        self._world.move_stock(request.country_id, request.project_id, +1)
        self._touch(request, account)

    def _touch(self, request: Request, account: Account) -> None:
        self._world.touch("request", request.id, request)
        self._world.touch_account(account)

    def _make_number(self, country_id: int) -> str:
        code = self._world.catalogue.countries[country_id].code
        while True:
            chance = self._world.chance("number", self._world.count("number"))
            number = dialling_code(code) + make_national_number(code, chance)
            if number not in self._numbers:
                return number
