"""Believable past for the demo team: purchases of the last weeks with what came of them.

Written in bulk, past the operations, because it tells of a past that no provider had. The rows obey
every rule that live ones do (one hold and one settlement each, legal states, the roll-up by day).
"""

import random
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import phonenumbers
from django.db import transaction
from django.utils import timezone

from accounts.models import ProviderAccount, Team, User
from catalog.models import Offer
from rentals.codes import find_code
from rentals.ledger import DAY_COLUMN
from rentals.models import (
    Activation,
    BalanceSnapshot,
    Event,
    LedgerEntry,
    MemberDay,
    Message,
    Purchase,
)
from rentals.states import ActivationState, PurchaseState

WEEKS = 5
LIFE = timedelta(minutes=20)
POPULAR = ("tg", "wa", "go", "pp", "ds", "am", "ub", "ig", "fb", "tt")
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
    """The rows of a team's past, collected first and written in one go."""

    def __init__(self, account: ProviderAccount, members: Sequence[User], seed: int) -> None:
        self.account = account
        self.team: Team = account.team
        self.members = members
        self.chance = random.Random(seed)  # noqa: S311  the same past for everyone who looks
        self.purchases: list[Purchase] = []
        self.activations: list[Activation] = []
        self.messages: list[Message] = []
        self.entries: list[LedgerEntry] = []
        self.events: list[Event] = []

    def add(self, offer: Offer, created: datetime) -> None:
        """Add one purchase of ``offer`` and everything that came of it."""
        end = self.chance.choices(list(ENDS), list(ENDS.values()))[0]
        answered = created + timedelta(seconds=self.chance.uniform(0.4, 2.5))
        ended = answered
        if end is not None:
            ended = answered + self._wait(end)
        purchase = Purchase(
            team=self.team,
            buyer=self.chance.choice(self.members),
            account=self.account,
            country=offer.country,
            service=offer.service,
            quoted=offer.cost,
            cost=offer.cost,
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
        self._enter(purchase, LedgerEntry.Kind.HOLD, created)
        spent = end == ActivationState.RECEIVED
        self._enter(purchase, LedgerEntry.Kind.CHARGE if spent else LedgerEntry.Kind.RELEASE, ended)
        self._tell(purchase, "", PurchaseState.HELD, created)
        self._tell(purchase, PurchaseState.HELD, PurchaseState.SENDING, created)
        self._tell(purchase, PurchaseState.SENDING, purchase.state, answered)
        if end is not None:
            self._activate(purchase, end, answered, ended)

    def write(self) -> None:
        """Write everything in one transaction; bulk because there may be very much of it."""
        days: dict[tuple[int, date], MemberDay] = {}
        for entry in self.entries:
            member, day = entry.purchase.buyer, entry.created.date()
            row = days.setdefault(
                (member.pk, day), MemberDay(team=self.team, member=member, day=day)
            )
            column = DAY_COLUMN[LedgerEntry.Kind(entry.kind)]
            setattr(row, column, getattr(row, column) + entry.amount)
            row.purchases += entry.kind == LedgerEntry.Kind.HOLD
        with transaction.atomic():
            Purchase.objects.bulk_create(self.purchases, batch_size=1000)
            Activation.objects.bulk_create(self.activations, batch_size=1000)
            Message.objects.bulk_create(self.messages, batch_size=1000)
            LedgerEntry.objects.bulk_create(self.entries, batch_size=1000)
            Event.objects.bulk_create(self.events, batch_size=1000)
            MemberDay.objects.bulk_create(days.values(), batch_size=1000)
            # No provider was paid for this past: balances are held against the ledger from now on.
            BalanceSnapshot.objects.filter(account=self.account).delete()

    def _number(self, purchase: Purchase) -> str:
        """A mobile number that could be of the country; nobody's, as far as we know."""
        region = purchase.flag_code.upper()
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is None:
            return f"{self.chance.randrange(10**10, 10**11)}"
        national = str(example.national_number)[:-5]
        return f"{example.country_code}{national}{self.chance.randrange(10**5):05d}"

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
            account=self.account,
            country=purchase.country,
            service=purchase.service,
            request_id=f"demo-{purchase.code.hex[:12]}",
            number=self._number(purchase),
            state=end,
            watched=False,
            poll_slot=self.account.poll_slot,
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

    def _enter(self, purchase: Purchase, kind: LedgerEntry.Kind, at: datetime) -> None:
        self.entries.append(
            LedgerEntry(
                purchase=purchase,
                team=self.team,
                account=self.account,
                kind=kind,
                amount=purchase.quoted,
                created=at,
            )
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


def tell_past(
    account: ProviderAccount, members: Sequence[User], *, purchases: int, seed: int = 1
) -> None:
    """Give the team of ``account`` a past of ``purchases``, over the last weeks, by ``members``.

    Popular services in working hours, as a QA team would. Needs a catalogue to choose from.
    """
    past = Past(account, members, seed)
    offers = list(
        Offer.objects.listed()
        .filter(service__code__in=POPULAR, stock__gt=0)
        .select_related("country", "service")
        .order_by("cost", "pk")[:400]
    )
    if not offers:
        return
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(purchases):
        day = today - timedelta(days=past.chance.randint(1, WEEKS * 7))
        at = day + timedelta(hours=past.chance.triangular(6, 20, 11))
        past.add(past.chance.choice(offers), at)
    past.purchases.sort(key=lambda purchase: purchase.created)
    past.write()
