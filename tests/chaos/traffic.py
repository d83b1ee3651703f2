"""Buyers in a hurry and the world outside: who presses buttons and which SMS come."""

import heapq
import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import Error as AnyDatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from accounts.models import ProviderAccount, User
from catalog.models import Country, Offer, Service
from rentals.models import Activation, Message, Purchase
from rentals.operations.activation import request_cancel
from rentals.operations.purchase import request_number
from rentals.states import ActivationState, PurchaseState
from sandbox.activations import Request
from sandbox.server import Sandbox
from tests.factories import make_offer, make_provider_account, make_team, make_user

PER_ACCOUNT = 50  # purchases: few open at a time, so that the evidence about unknown ones is read
MOST_HELD = 40  # who buys faster than the site sends waits
SMS_SECONDS = (0.5, 8.0)
LOOK_SECONDS = 0.1
# What becomes of a number, in percent.
FATES = {"sms": 77, "two": 5, "cancelled": 8, "sms and cancel": 4, "expires": 6}


@dataclass(frozen=True)
class Wish:
    """One purchase to be made. No two have country, service and account in common."""

    account: ProviderAccount
    buyer: User
    offer: Offer
    client_key: uuid.UUID


@dataclass(frozen=True)
class Delivery:
    """An SMS that the provider took in for a number that nobody had given up."""

    request_id: str
    text: str
    at: datetime


def write_wishes(sandbox: Sandbox, count: int, chance: random.Random) -> list[Wish]:
    """Make the teams, their accounts and the offers; returns what is to be bought."""
    accounts: list[tuple[ProviderAccount, User]] = []
    for number in range(max(2, count // PER_ACCOUNT)):
        if number % 5 == 0:
            buyer = make_user(f"Buyer{number}")
            team = make_team(buyer)
        token = uuid.UUID(int=chance.getrandbits(128)).hex
        sandbox.add_account(token, balance=10_000, waiting_limit=10_000)
        accounts.append((make_provider_account(team, token), buyer))
    catalogue = sandbox.world.catalogue
    countries = {
        number: Country.objects.create(provider_id=str(number), title=country.title)
        for number, country in catalogue.countries.items()
    }
    services = {
        number: Service.objects.create(provider_id=str(number), title=service.title)
        for number, service in catalogue.services.items()
    }
    sold = sorted(key for key, offer in catalogue.offers.items() if offer.stock > 5)
    return [
        Wish(
            *accounts[number % len(accounts)],
            make_offer(services[service], countries[country], cost=catalogue.offers[key].cost),
            uuid.UUID(int=chance.getrandbits(128)),
        )
        for number, key in enumerate(chance.sample(sold, count))
        for country, service in [key]
    ]


def whatever_happens(act: Callable[[], None]) -> bool:
    """Do something with the database; False where it was away."""
    try:
        close_old_connections()
        act()
    except AnyDatabaseError:
        connection.close()
        return False
    return True


class Buyers(threading.Thread):
    """Presses the buttons one after the other; a page that failed is sent again, with its key."""

    def __init__(self, wishes: list[Wish], pace: float) -> None:
        super().__init__(name="buyers", daemon=True)
        self.wishes = wishes
        self.asked = 0
        self.pages_that_failed = 0
        self._pause = 1 / pace
        self._ending = threading.Event()

    def run(self) -> None:
        for wish in self.wishes:
            while not (self._there_is_room() and self._press(wish)):
                if self._ending.wait(0.2):
                    return
            self.asked += 1
            if self._ending.wait(self._pause):
                return

    def end(self) -> None:
        """Let nothing more be bought."""
        self._ending.set()
        if self.is_alive():
            self.join()

    def _there_is_room(self) -> bool:
        held: list[int] = []
        purchases = Purchase.objects.filter(state=PurchaseState.HELD)
        return whatever_happens(lambda: held.append(purchases.count())) and held[0] < MOST_HELD

    def _press(self, wish: Wish) -> bool:
        def press() -> None:
            request_number(
                team=wish.account.team,
                buyer=wish.buyer,
                account=wish.account,
                offer=wish.offer,
                quoted=wish.offer.cost,
                client_key=wish.client_key,
            )

        pressed = whatever_happens(press)
        self.pages_that_failed += not pressed
        return pressed


class Outside(threading.Thread):
    """Sends the SMS and has numbers given back. ``met`` are all requests that were ever sold."""

    def __init__(self, sandbox: Sandbox, chance: random.Random) -> None:
        super().__init__(name="outside", daemon=True)
        self.met: dict[str, Request] = {}
        self.deliveries: list[Delivery] = []
        self._sandbox = sandbox
        self._chance = chance
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            self._meet_new_requests()
            while self._agenda and self._agenda[0][0] <= time.monotonic():
                _, _, act = heapq.heappop(self._agenda)
                act()

    def end(self) -> None:
        """Let nothing happen any more."""
        self._ending.set()
        if self.is_alive():
            self.join()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is going to happen by itself."""
        return not self._agenda

    def _meet_new_requests(self) -> None:
        with self._sandbox.world.turn():
            requests = self._sandbox.world.activations.open_requests()
        for request in requests:
            if request.id not in self.met:
                self.met[request.id] = request
                self._decide_on(request.id)

    def _decide_on(self, request_id: str) -> None:
        [fate] = self._chance.choices([*FATES], [*FATES.values()])
        seconds = self._chance.uniform(*SMS_SECONDS)
        if fate in ("sms", "two", "sms and cancel"):
            self._later(seconds, lambda: self._deliver(request_id))
        if fate == "two":
            self._later(seconds + 1, lambda: self._deliver_second(request_id))
        if fate in ("cancelled", "sms and cancel"):
            self._later(seconds, lambda: self._give_back(request_id))

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        heapq.heappush(self._agenda, (time.monotonic() + seconds, next(self._order), act))

    def _deliver(self, request_id: str) -> None:
        text = f"Your code is {len(self.deliveries):06d}"
        at = timezone.now()
        if self._sandbox.deliver(request_id, text):
            self.deliveries.append(Delivery(request_id, text, at))

    def _deliver_second(self, request_id: str, tries: int = 60) -> None:
        """The provider shows the newest text only, so the second comes once the first was read."""
        stored: list[bool] = []
        found = Message.objects.filter(activation__request_id=request_id)
        whatever_happens(lambda: stored.append(found.exists()))
        if any(stored):
            self._deliver(request_id)
        elif tries:
            self._later(1, lambda: self._deliver_second(request_id, tries - 1))

    def _give_back(self, request_id: str, tries: int = 10) -> None:
        """A member presses Cancel, if the number is known."""

        def press() -> None:
            waiting = Activation.objects.filter(state=ActivationState.WAITING)
            number = waiting.filter(request_id=request_id).select_related("purchase__buyer").first()
            if number is not None:
                request_cancel(activation=number, actor=number.purchase.buyer)

        if not whatever_happens(press) and tries:
            self._later(0.5, lambda: self._give_back(request_id, tries - 1))
