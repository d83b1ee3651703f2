"""The world of one example: two teams, their provider, the site's processes, and what really happened.

The truth is kept apart from the product: which purchase reached the provider and what it was sold
there is noted at the wire, which SMS came and how long it could be read is noted as time passes.
"""

import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import time_machine
from pytest_django import Settings

from accounts import operations as accounts
from accounts.models import ProviderAccount, Team, User
from catalog.models import Area, Country, Offer, Service
from rentals.models import Activation, Lease, Purchase
from rentals.operations import unknown
from rentals.operations.errors import Refusal
from rentals.operations.limits import set_limit
from rentals.operations.purchase import request_lease, request_number, request_renewal
from rentals.operations.sweep import sweep
from rentals.states import ActivationState, LeaseState, PurchaseState
from sandbox.books import Entry
from sandbox.server import Sandbox
from smsbus import Answer, Call
from tests.factories import make_provider_account, make_team, make_token, make_user
from tests.rentals.properties.processes import Killed, Points, PollerProcess, Worker

CANARY = "canary5d1e90b7"  # the beginning of every token here
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
COUNTRY, SERVICES = 5, (3, 4)
PRICE = Decimal("0.14")
AREA, CENTS_A_MONTH = "CA", 50
# The first team's, which it reaches: two for the team, two for its only buyer.
LIMITS = {
    "per_month": Decimal("1.50"),
    "open_at_once": 6,
    "per_day": Decimal("1.20"),
    "per_purchase": Decimal("0.80"),
}
TICK = 15.0  # seconds; the sweep comes more often, the slowest poll not
READABLE = 60.0  # an SMS that could be read for so long is never lost
PAUSE = 75.0  # how long after trouble a poller may still hold back: its longest pause and a tick
SHORT, DEADLINE = 0.5, 20.0  # seconds that one call may take; a hang takes longer than the first
BUYING = ("get/number", "reuse", "rent/get/number", "rent/renew/number")
READING = ("rentals.tasks.read_all_leases", "rentals.tasks.read_all_inboxes")


@dataclass
class Sms:
    """One text that came, when (whole seconds), and for how long it could have been read."""

    text: str
    at: int
    readable: float = 0.0


@dataclass
class Customer:
    """A team with its buyer and its account at the provider."""

    team: Team
    buyer: User
    account: ProviderAccount
    token: str
    troubled_at: float = 0.0


@dataclass
class Truth:
    """What really happened, as no table of the product tells."""

    sends: Counter[int] = field(default_factory=Counter)  # purchase -> requests at the provider
    sold: dict[int, str] = field(default_factory=dict)  # purchase -> request or order id
    repriced: set[int] = field(default_factory=set)  # the provider changed the price under way
    written_off_wrongly: set[int] = field(default_factory=set)
    texts: dict[str, list[Sms]] = field(default_factory=dict)  # request or order -> what came


class World:
    """Everything that a rule can pull at. Each example has a world of its own."""

    def __init__(self, settings: Settings, points: Points) -> None:
        self._travel = time_machine.travel(START, tick=False)
        self.clock = self._travel.start()
        put_leftovers_out_of_the_way()
        self.points, self.truth = points, Truth()
        points.forget()
        points.unplugged, points.on_call, points.deadline = False, self._note_call, self._deadline
        self.sandbox = Sandbox(seed=1).start()
        settings.SMSBUS_API_URL = self.sandbox.api_url
        settings.SMSBUS_RENT_URL = self.sandbox.rent_url
        self.worker, self.poller = Worker(), PollerProcess()
        self.worker.redis.flushall()  # what an earlier test left in the queues
        self.offers = [self._make_offer(service) for service in SERVICES]
        self.area = self._make_area()
        self.customers = [self._make_customer() for _ in range(2)]
        self.limits: dict[str, Decimal | int] = {}
        self.set_limits(**LIMITS)
        self.used: dict[str, Decimal | int] = dict.fromkeys(LIMITS, 0)  # at the last look
        self.looked_at: set[int] = set()  # purchases
        # The second account's figures are believed from the start, so that evidence decides there.
        ProviderAccount.objects.filter(pk=self.customers[1].account.pk).update(frozen_confirmed=3)
        self._calls_seen = 0

    def close(self) -> None:
        self.points.forget()
        self.poller.close()
        self.worker.redis.flushall()
        self.sandbox.stop()
        self._travel.stop()

    def _make_offer(self, service_id: int) -> Offer:
        self.sandbox.set_price(COUNTRY, service_id, cost=PRICE, stock=50, reusable=True)
        country, _ = Country.objects.get_or_create(provider_id=str(COUNTRY))
        service, _ = Service.objects.get_or_create(provider_id=str(service_id))
        offer, _ = Offer.objects.update_or_create(
            country=country,
            service=service,
            defaults={"cost": PRICE, "stock": 50, "listed": True},
        )
        return offer

    def _make_area(self) -> Area:
        self.sandbox.set_area(AREA, unit_price=CENTS_A_MONTH, stock=50)
        price = Decimal(CENTS_A_MONTH) / 100
        area, _ = Area.objects.update_or_create(
            provider_id=AREA,
            defaults={"title": "Canada", "monthly_price": price, "min_months": 1, "stock": 50},
        )
        return area

    def _make_customer(self) -> Customer:
        token = CANARY + make_token()
        self.sandbox.add_account(token, balance=50, waiting_limit=50)
        buyer = make_user()
        team = make_team(buyer)
        return Customer(team, buyer, make_provider_account(team, token), token)

    # What there is

    def purchases(self) -> list[Purchase]:
        """All purchases of this world, oldest first."""
        teams = [customer.team for customer in self.customers]
        return list(
            Purchase.objects.filter(team__in=teams)
            .select_related("team", "account", "buyer", "activation", "lease", "renews")
            .order_by("pk")
        )

    def pick(self, number: int) -> Purchase | None:
        """One of the purchases, 0 for the newest; None while there are none."""
        purchases = self.purchases()
        return purchases[-1 - number % len(purchases)] if purchases else None

    def pick_number(self, number: int) -> Activation | None:
        """One of the numbers that were bought, 0 for the newest; None while there are none."""
        found = [p.activation for p in self.purchases() if hasattr(p, "activation")]
        return found[-1 - number % len(found)] if found else None

    def pick_lease(self, number: int) -> Lease | None:
        """One of the long-term numbers, 0 for the newest; None while there are none."""
        found = [p.lease for p in self.purchases() if hasattr(p, "lease")]
        return found[-1 - number % len(found)] if found else None

    def customer_of(self, purchase: Purchase) -> Customer:
        return next(c for c in self.customers if c.team.pk == purchase.team_id)

    def books(self, customer: Customer) -> dict[str, Entry]:
        """The provider's own books, by request id."""
        return {entry.id: entry for entry in self.sandbox.books(customer.token)}

    def entry_of(self, purchase: Purchase) -> Entry | None:
        """What the provider really sold for a purchase."""
        sold = self.truth.sold.get(purchase.pk)
        return None if sold is None else self.books(self.customer_of(purchase))[sold]

    # What is done

    def ask(self, customer: Customer, offer: Offer, **wish: Any) -> Purchase:
        """Press the button on the page."""
        offer.refresh_from_db()
        values: dict[str, Any] = {
            "team": customer.team,
            "buyer": customer.buyer,
            "account": ProviderAccount.objects.get(pk=customer.account.pk),
            "offer": offer,
            "quoted": offer.cost,
            "client_key": uuid.uuid4(),
        }
        return request_number(**values | wish)

    def ask_for_lease(self, customer: Customer, months: int, **wish: Any) -> Purchase:
        """Press the button of an area."""
        values: dict[str, Any] = {
            "team": customer.team,
            "buyer": customer.buyer,
            "account": ProviderAccount.objects.get(pk=customer.account.pk),
            "area": self.area,
            "months": months,
            "quoted": self.area.monthly_price * months,
            "client_key": uuid.uuid4(),
        }
        return request_lease(**values | wish)

    def ask_for_renewal(self, lease: Lease, months: int, **wish: Any) -> Purchase:
        """Press the button of a long-term number."""
        values: dict[str, Any] = {
            "lease": lease,
            "buyer": self.customer_of(lease.purchase).buyer,
            "area": self.area,
            "months": months,
            "quoted": self.area.monthly_price * months,
            "client_key": uuid.uuid4(),
        }
        return request_renewal(**values | wish)

    def set_limits(self, **limits: Any) -> None:
        """The first team's owner sets its limits, and the buyer's own."""
        self.limits |= limits
        first = self.customers[0]
        actor = first.team.memberships.get(user=first.buyer)
        whole: dict[str, Any] = dict.fromkeys(LIMITS)
        for member, mine in (
            (None, ("per_month", "open_at_once")),
            (first.buyer.pk, ("per_day", "per_purchase")),
        ):
            set_limit(
                actor=actor, member_id=member, **whole | {kind: self.limits[kind] for kind in mine}
            )

    def dying(self, steps: int | None, action: Callable[[], Any]) -> None:
        """Do something in a process that is killed after so many steps, or lives (None)."""
        self.points.die_in = steps
        try:
            action()
        except (Killed, Refusal):
            pass  # refusals are the invariants' business: nothing may have changed
        finally:
            self.points.forget()

    def receive(self, request_id: str, text: str) -> None:
        """An SMS comes in at the provider."""
        if self.sandbox.deliver(request_id, text):
            self.truth.texts.setdefault(request_id, []).append(Sms(text, int(time.time())))

    def receive_on_lease(self, lease: dict[str, Any], text: str) -> None:
        """An SMS comes in at the provider, on a long-term number."""
        if self.sandbox.deliver_lease(lease["mobile_number"], text):
            order = self._order_of(lease)
            self.truth.texts.setdefault(order, []).append(Sms(text, int(time.time())))

    def held_leases(self) -> dict[str, dict[str, Any]]:
        """The long-term numbers that somebody has now at the provider, by their first orders."""
        return {self._order_of(lease): lease for lease in self.sandbox.list_leases()}

    def _order_of(self, lease: dict[str, Any]) -> str:
        """Numbers come back: the newest order is whose lease it is."""
        books = self.sandbox.books(self.customers[lease["account"]].token)
        return [e.id for e in books if (e.kind, e.number) == ("lease", lease["mobile_number"])][-1]

    def decide(self, purchase: Purchase, *, give_up: bool = False) -> None:
        """A person who sees the provider's site decides on an unknown purchase."""
        if purchase.state != PurchaseState.UNKNOWN:
            return
        entry, actor = self.entry_of(purchase), self.customer_of(purchase).buyer
        if entry is not None and purchase.is_of_lease and not give_up:
            with contextlib.suppress(Refusal):  # the list of orders cannot be read
                unknown.adopt_order(purchase=purchase, actor=actor, order=entry.id)
            return
        over = entry is not None and entry.id not in self._readable()
        if entry is not None and not over:
            unknown.adopt(purchase=purchase, actor=actor, request_id=entry.id, number=entry.number)
        elif give_up or (entry is not None and entry.state == "charged"):
            if entry is None or entry.state != "charged":
                self.truth.written_off_wrongly.add(purchase.pk)
            unknown.write_off(purchase=purchase, actor=actor)
        else:
            unknown.declare_not_bought(purchase=purchase, actor=actor)

    def check_accounts(self) -> None:
        """The owners press "check" on their accounts."""
        for customer in self.customers:
            account = ProviderAccount.objects.get(pk=customer.account.pk)
            with contextlib.suppress(accounts.TokenNotAccepted):  # said on the page
                accounts.check_provider_account(account=account, actor=customer.buyer)

    def appease_provider(self) -> None:
        """All faults end and all accounts are good again."""
        self.sandbox.clear_faults()
        self.points.unplugged = False
        for customer in self.customers:
            self.sandbox.update_account(
                customer.token, revoked=False, activated=True, waiting_limit=50
            )
        for service in SERVICES:
            self.sandbox.set_price(COUNTRY, service, stock=50)
        self.sandbox.set_area(AREA, unit_price=CENTS_A_MONTH, stock=50)

    # Time

    def pass_time(self, seconds: float) -> None:
        """Nothing of ours runs; the provider's time passes too."""
        self.clock.shift(seconds)
        self.sandbox.advance(0)

    def live(self, seconds: float) -> None:
        """Time passes with everything running: beat's sweep, the workers, the poller."""
        while seconds > 0:
            self.pass_time(TICK)
            sweep()
            if int(time.time()) % 60 < TICK:
                self.have_leases_read()
            self.worker.work()
            self.poller.round()
            self._count_readable()
            seconds -= TICK

    def have_leases_read(self) -> None:
        """What beat does: a task for each account, which a worker has to take."""
        for task in READING:
            self.worker.run(task, [])

    def _readable(self) -> dict[str, list[str]]:
        """The texts that the provider has, by the ids of the requests that are not over."""
        open_requests = self.sandbox.list_requests()
        return {row["request_id"]: row["texts"] for row in open_requests}

    def _count_readable(self) -> None:
        """Add a tick to the newest text of every request that the poller knows and can ask for."""
        self._note_trouble()
        readable = self._readable()
        known = {
            (number.account_id, number.request_id)
            for number in Activation.objects.watched().only("account_id", "request_id")
        }
        for customer in self.customers:
            calm = time.time() - customer.troubled_at > PAUSE
            for request_id in self.books(customer):
                texts = self.truth.texts.get(request_id)
                if texts and request_id in readable:
                    asked = calm and (customer.account.pk, request_id) in known
                    texts[-1].readable = texts[-1].readable + TICK if asked else 0.0

    def _note_trouble(self) -> None:
        """A poll that went wrong slows the poller down for its account, as does a wrong token."""
        calls = self.sandbox.calls
        for call in calls[self._calls_seen :]:
            if call.name == "get/sms" and call.account is not None and call.fault is not None:
                self.customers[call.account].troubled_at = time.time()
        self._calls_seen = len(calls)
        for customer in self.customers:
            account = ProviderAccount.objects.get(pk=customer.account.pk)
            if self.sandbox.world.account(customer.token).revoked or not account.is_active:
                customer.troubled_at = time.time()

    # The truth about a purchase

    def _deadline(self, name: str) -> float:
        """Short where the provider will hang; else long, so that a busy machine cuts no call."""
        script = self.sandbox.faults._scripts.get(name)
        return SHORT if script and script[0].kind == "hang" else DEADLINE

    def _note_call(self, call: Call[Any], send: Callable[[], Answer]) -> Answer:
        purchase = self.worker.purchase
        if call.name not in BUYING:
            return send()
        assert purchase is not None, "bought by nobody"
        before, seen = self._all_sold(), len(self.sandbox.calls)
        try:
            return send()
        finally:
            arrived = self.sandbox.calls[seen:]
            self.truth.sends[purchase] += len(arrived)
            while any(call.fault == "hang" for call in arrived) and self.sandbox.service._tasks:
                time.sleep(0.01)  # its effect may come after the client has gone
            for request_id in self._all_sold() - before:
                self.truth.sold[purchase] = request_id
            if any(call.fault == "price_change" for call in arrived):
                self.truth.repriced.add(purchase)

    def _all_sold(self) -> set[str]:
        return {request_id for customer in self.customers for request_id in self.books(customer)}


def put_leftovers_out_of_the_way() -> None:
    """An example that failed leaves rows behind that cannot be deleted: let no sweep find them."""
    Activation.objects.open().update(state=ActivationState.EXPIRED)
    Activation.objects.filter(watched=True).update(watched=False)
    Lease.objects.filter(state=LeaseState.CANCELLING).update(state=LeaseState.RELEASED)
    unfinished = (PurchaseState.HELD, PurchaseState.SENDING, PurchaseState.UNKNOWN)
    Purchase.objects.filter(state__in=unfinished).update(state=PurchaseState.ABANDONED)
    ProviderAccount.objects.update(state=ProviderAccount.State.REMOVED, token_sealed=b"")
