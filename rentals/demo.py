"""Believable past for the demo team: purchases of the last weeks with what came of them.

Written in bulk, past the operations, because it tells of a past that no provider had. The rows obey
every rule that live ones do (one hold and one settlement each, legal states, the roll-up by day).
"""

import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import cycle, islice
from typing import Any

import phonenumbers
from django.db import transaction
from django.utils import timezone

from accounts.models import ProviderAccount, Team, User
from catalog.models import Offer
from rentals import rollup
from rentals.codes import find_code
from rentals.demo_prices import PricesBefore
from rentals.models import (
    Activation,
    BalanceSnapshot,
    Event,
    LedgerEntry,
    MemberDay,
    Message,
    Purchase,
    Trip,
    TripDay,
)
from rentals.operations.trips import TRIP
from rentals.rollup import DAY_COLUMN
from rentals.states import ActivationState, PurchaseState

Kind = LedgerEntry.Kind
WEEKS = 5
LIFE = timedelta(minutes=20)
POPULAR = ("tg", "wa", "go", "pp", "ds", "am", "ub", "ig", "fb", "tt")
# Where the demo team tests most: services, in how many countries each, and the countries first chosen.
HABITS = {"tg": 5, "wa": 4, "go": 3}
AT_HOME = ("GB", "US", "DE", "FR", "ES", "PL", "NL")
HABITUAL = 0.7  # of its purchases
STARRED = 2  # favourites of each member
# What became of a number, and how often; three in four get their SMS.
ENDS: dict[ActivationState | None, int] = {
    ActivationState.RECEIVED: 76,
    ActivationState.CANCELLED: 11,
    ActivationState.EXPIRED: 8,
    None: 5,  # refused: the provider had no number left
}
TEXTS = (
    "Your {service} code is {code}",
    "{code} is your {service} verification code.",
    "{service}: your verification code is {code}. It expires in 10 minutes.",
    "<#> {code} is your {service} code. Do not share it.",
)


class Past:
    """The rows of a team's past, collected first and written many at a time.

    However much of it there is: ``write_rows`` may be called in between, and ``write_days`` when the
    days that were told of are over; both in one transaction, in which the books agree at its end.
    """

    def __init__(
        self, accounts: Sequence[ProviderAccount], members: Sequence[User], seed: int
    ) -> None:
        self.accounts = accounts
        self.team: Team = accounts[0].team
        self.members = members
        self.chance = random.Random(seed)  # noqa: S311  the same past for everyone who looks
        self.purchases: list[Purchase] = []
        self.activations: list[Activation] = []
        self.messages: list[Message] = []
        self.entries: list[LedgerEntry] = []
        self.events: list[Event] = []
        self.days: dict[tuple[int, date], MemberDay] = {}
        self.trips: dict[tuple[Any, ...], TripDay] = {}

    def add(self, offer: Offer, created: datetime, cost: Decimal | None = None) -> None:
        """Add one purchase of ``offer`` and everything that came of it, at ``cost`` or what it costs now."""
        cost = offer.cost if cost is None else cost
        end = self.chance.choices(list(ENDS), list(ENDS.values()))[0]
        answered = created + timedelta(seconds=self.chance.uniform(0.4, 2.5))
        ended = answered
        if end is not None:
            ended = answered + self._wait(end)
        purchase = Purchase(
            team=self.team,
            buyer=self.chance.choice(self.members),
            account=self.chance.choice(self.accounts),
            country=offer.country,
            service=offer.service,
            quoted=cost,
            cost=cost,
            client_key=uuid.UUID(int=self.chance.getrandbits(128)),
            state=PurchaseState.REFUSED if end is None else PurchaseState.BOUGHT,
            reason="refused" if end is None else "",
            provider_code="50002" if end is None else "",
            sends=1,
            created=created,
            sent_at=created,
            ended_at=answered,
            settled_at=ended,
            put_away_at=ended,
        )
        self.purchases.append(purchase)
        spent = end == ActivationState.RECEIVED
        entries = (
            self._entry(purchase, Kind.HOLD, created),
            self._entry(purchase, Kind.CHARGE if spent else Kind.RELEASE, ended),
        )
        self._tell(purchase, "", PurchaseState.HELD, created)
        self._tell(purchase, PurchaseState.HELD, PurchaseState.SENDING, created)
        self._tell(purchase, PurchaseState.SENDING, purchase.state, answered)
        if end is not None:
            self._activate(purchase, end, answered, ended)
        for entry in entries:
            self._enter(entry)

    def write_rows(self) -> None:
        """Write what was collected, and begin anew; the roll-ups stay for ``write_days``."""
        for rows in (self.purchases, self.activations, self.messages, self.entries, self.events):
            if rows:
                manager: Any = type(rows[0])._default_manager
                manager.bulk_create(rows, batch_size=1000)
                rows.clear()

    def write_days(self) -> None:
        """Write the roll-ups of all that was written since the last time."""
        MemberDay.objects.bulk_create(self.days.values(), batch_size=1000)
        TripDay.objects.bulk_create(self.trips.values(), batch_size=1000)
        self.days.clear()
        self.trips.clear()

    def _enter(self, entry: LedgerEntry) -> None:
        """Take an entry into the books and add it to its day."""
        self.entries.append(entry)
        purchase, day = entry.purchase, entry.created.date()
        row = self.days.get((purchase.buyer_id, day))
        if row is None:
            row = MemberDay(team=self.team, member=purchase.buyer, day=day)
            self.days[purchase.buyer_id, day] = row
        column = DAY_COLUMN[Kind(entry.kind)]
        setattr(row, column, getattr(row, column) + entry.amount)
        row.purchases += entry.kind == Kind.HOLD
        key = rollup.key_of(entry, purchase)
        trip = self.trips.get(tuple(key.values()))
        if trip is None:
            trip = self.trips[tuple(key.values())] = TripDay(**key)
        for added, amount in rollup.additions(entry, purchase):
            setattr(trip, added, getattr(trip, added) + amount)

    def _number(self, purchase: Purchase) -> str:
        """A mobile number that could be of the country; nobody's, as far as we know."""
        beginning = _beginning_of_numbers(purchase.flag_code.upper())
        if not beginning:
            return f"{self.chance.randrange(10**10, 10**11)}"
        return f"{beginning}{self.chance.randrange(10**5):05d}"

    def _wait(self, end: str) -> timedelta:
        if end == ActivationState.RECEIVED:
            return timedelta(seconds=min(4 + self.chance.expovariate(1 / 25), 900))
        if end == ActivationState.CANCELLED:
            return timedelta(seconds=self.chance.uniform(60, 600))
        return LIFE

    def _activate(
        self, purchase: Purchase, end: ActivationState, bought: datetime, ended: datetime
    ) -> None:
        received = end == ActivationState.RECEIVED
        activation = Activation(
            purchase=purchase,
            team=self.team,
            account=purchase.account,
            country=purchase.country,
            service=purchase.service,
            request_id=f"demo-{purchase.code.hex[:24]}",
            number=self._number(purchase),
            state=end,
            watched=False,
            poll_slot=purchase.account.poll_slot,
            created=bought,
            expires_at=bought + LIFE,
            received_at=ended if received else None,
            cancel_asked_at=ended if end == ActivationState.CANCELLED else None,
            closed_at=ended,
        )
        self.activations.append(activation)
        self._tell(activation, "", ActivationState.WAITING, bought)
        if end == ActivationState.CANCELLED:
            self._tell(activation, ActivationState.WAITING, ActivationState.CANCELLING, ended)
            self._tell(activation, ActivationState.CANCELLING, end, ended)
        else:
            self._tell(activation, ActivationState.WAITING, end, ended)
        if received:
            self._receive(activation, ended)

    def _receive(self, activation: Activation, at: datetime) -> None:
        code = f"{self.chance.randrange(10**6):06d}"
        text = self.chance.choice(TEXTS).format(service=activation.service.title, code=code)
        self.messages.append(
            Message(
                activation=activation,
                team=self.team,
                text=text,
                code=find_code(text),
                digest=Message.digest_of(text),
                received_at=at,
            )
        )

    def _entry(self, purchase: Purchase, kind: LedgerEntry.Kind, at: datetime) -> LedgerEntry:
        return LedgerEntry(
            purchase=purchase,
            team=self.team,
            account=purchase.account,
            kind=kind,
            amount=purchase.quoted,
            created=at,
        )

    def _tell(self, row: Purchase | Activation, old: str, new: str, at: datetime) -> None:
        asked = isinstance(row, Purchase) and new == PurchaseState.HELD
        by_member = asked or new == ActivationState.CANCELLING
        purchase = row if isinstance(row, Purchase) else row.purchase
        self.events.append(
            Event(
                team=self.team,
                purchase=purchase,
                subject=Event.Subject.PURCHASE if row is purchase else Event.Subject.ACTIVATION,
                from_state=old,
                to_state=new,
                by="" if by_member else "worker",
                actor=purchase.buyer if by_member else None,
                created=at,
            )
        )


@cache
def _beginning_of_numbers(region: str) -> str:
    """The digits of a country's mobile numbers but for the last five; "" where nobody knows."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return ""
    return f"{example.country_code}{str(example.national_number)[:-5]}"


def find_offers() -> list[Offer]:
    """Return what a QA team would buy: the cheapest offers of popular services."""
    popular = Offer.objects.listed().filter(service__code__in=POPULAR, stock__gt=0)
    return list(popular.select_related("country", "service").order_by("cost", "pk")[:400])


def find_habits(offers: Sequence[Offer]) -> list[Offer]:
    """Return those of ``offers`` (cheapest first) that the demo team comes back to."""
    found: list[Offer] = []
    for code, count in HABITS.items():
        of_service = [offer for offer in offers if offer.service.code == code]
        found += sorted(of_service, key=_how_far)[:count]
    return found


def _how_far(offer: Offer) -> int:
    code = offer.country.iso_code.upper()
    return AT_HOME.index(code) if code in AT_HOME else len(AT_HOME)


def _choose(offers: Sequence[Offer], count: int, chance: random.Random) -> list[Offer]:
    """What is bought: the habits in turn, so that each has a record of its own, and here and there another."""
    habits = find_habits(offers)
    chosen = list(islice(cycle(habits), round(count * HABITUAL))) if habits else []
    chosen += [chance.choice(offers) for _ in range(count - len(chosen))]
    chance.shuffle(chosen)
    return chosen


def _trips_of(purchases: Iterable[Purchase]) -> list[Trip]:
    """Where each member bought, and when last; what they bought most often are their favourites."""
    trips: dict[tuple[Any, ...], Trip] = {}
    counts: dict[User, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    for purchase in purchases:
        key = purchase.buyer, purchase.service, purchase.country
        counts[purchase.buyer][key] += 1
        if key not in trips:
            names = dict(zip(("member", "service", "country"), key, strict=True))
            trips[key] = Trip(team=purchase.team, **names)
        trips[key].bought_at = purchase.created
    for count in counts.values():
        for key, _times in count.most_common(STARRED):
            trips[key].starred_at = trips[key].bought_at
    return list(trips.values())


def tell_past(
    account: ProviderAccount,
    members: Sequence[User],
    *,
    purchases: int,
    seed: int = 1,
    prices_moved: bool = False,
) -> None:
    """Give the team of ``account`` a past of ``purchases``, over the last weeks, by ``members``.

    Popular services in working hours, as a QA team would. With ``prices_moved`` they cost something
    else in that time, which is told too. Needs a catalogue to choose from.
    """
    past = Past([account], members, seed)
    offers = find_offers()
    if not offers:
        return
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    told = offers if prices_moved else []
    prices = PricesBefore(told, past.chance, begin=today - timedelta(weeks=WEEKS, days=1))
    moments = []
    for _ in range(purchases):
        day = today - timedelta(days=past.chance.randint(1, WEEKS * 7))
        moments.append(day + timedelta(hours=past.chance.triangular(6, 20, 11)))
    chosen = _choose(offers, purchases, past.chance)
    for offer, at in zip(chosen, sorted(moments), strict=True):
        past.add(offer, at, prices.cost_at(offer, at))
    trips = _trips_of(past.purchases)
    with transaction.atomic():
        past.write_rows()
        past.write_days()
        Trip.objects.bulk_create(
            trips,
            update_conflicts=True,
            unique_fields=TRIP,
            update_fields=("bought_at", "starred_at"),
        )
        prices.write()
        # No provider was paid for this past: balances are held against the ledger from now on.
        BalanceSnapshot.objects.filter(account=account).delete()
