"""What has to hold afterwards, by the provider's own books and by ours."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from core.money import ZERO
from rentals import audit, audit_rollup
from rentals.models import Activation, LedgerEntry, Message, Purchase
from rentals.states import ACTIVATION_OPEN, PurchaseState
from sandbox.activations import CANCELLED, EXPIRED, RECEIVED, Request
from sandbox.server import Sandbox
from sandbox.service import Call
from tests.chaos.blows import Blow
from tests.chaos.traffic import Outside, Wish

SHOWN = 20  # of what makes a breach
Key = tuple[int, str, str]  # the provider's numbers of an account, a country and a service


@dataclass(frozen=True)
class Figure:
    """A line of the table. ``most`` is what it may be; without one it is only told.

    ``about`` names what makes it a breach.
    """

    name: str
    value: float | Decimal
    most: float | None = None
    about: Collection[object] = ()

    @property
    def is_breach(self) -> bool:
        return self.most is not None and float(self.value) > self.most

    def __str__(self) -> str:
        shown = f"{self.value:,.1f}" if isinstance(self.value, float) else f"{self.value}"
        allowed = "" if self.most is None else f"at most {self.most:g}"
        line = f"{self.name:52} {shown:>12}  {allowed:12}"
        if not self.is_breach:
            return line.rstrip()
        return "\n    ".join([f"{line} BREACH", *map(str, list(self.about)[:SHOWN])])


def none_of(name: str, found: Collection[object]) -> Figure:
    """The figure of something that must not be."""
    return Figure(name, len(found), 0, found)


class Sends(list[Call]):
    """The sandbox's log of calls, of which only those that buy are kept; none of them is forgotten."""

    def append(self, call: Call) -> None:
        if call.name == "get/number":
            super().append(call)


class Verdict:
    """Holds the provider's books against ours, once nothing moves any more."""

    def __init__(
        self,
        sandbox: Sandbox,
        sends: Sends,
        wishes: Sequence[Wish],
        outside: Outside,
        *,
        resume_within: float,
    ) -> None:
        self.sandbox = sandbox
        self.sends = sends
        self.wishes = wishes
        self.outside = outside
        self.resume_within = resume_within  # seconds
        self.accounts = {wish.account.pk: wish.account for wish in wishes}
        self.indexes = {
            pk: sandbox.world.account(account.token()).index
            for pk, account in self.accounts.items()
        }
        related = Purchase.objects.select_related("country", "service").prefetch_related("events")
        self.purchases = {self._key(purchase): purchase for purchase in related}
        self.numbers = {number.request_id: number for number in Activation.objects.all()}
        self.orphans = [r for r in outside.met.values() if r.id not in self.numbers]

    def figures(self, blows: Sequence[Blow]) -> Iterator[Figure]:
        """Every figure, those that may not be off as well as those that tell what happened."""
        yield from self._trade()
        yield from self._sends()
        yield from self._orphans()
        yield from self._sms(blows)
        yield from self._money()
        yield from self._resumption(blows)

    def _trade(self) -> Iterator[Figure]:
        states = Counter(purchase.state for purchase in self.purchases.values())
        for state, count in sorted(states.items()):
            yield Figure(f"purchases {state}", count)
        keys = Counter(Purchase.objects.values_list("team_id", "client_key"))
        asked = {(wish.account.team_id, wish.client_key) for wish in self.wishes}
        yield none_of("purchases that nobody asked for, or twice", (keys - Counter(asked)).keys())
        begun = (PurchaseState.HELD, PurchaseState.SENDING)
        unfinished = [p.code for p in self.purchases.values() if p.state in begun]
        yield none_of("purchases that nobody finished", unfinished)
        waiting = [n.request_id for n in self.numbers.values() if n.state in ACTIVATION_OPEN]
        yield none_of("numbers that nobody ended", waiting)

    def _sends(self) -> Iterator[Figure]:
        sent = Counter(
            (call.account, call.params["country_id"], call.params["project_id"])
            for call in self.sends
        )
        yield Figure("requests to buy that reached the provider", len(self.sends))
        yield none_of("double sends", [key for key, count in sent.items() if count > 1])
        yield none_of("sends that belong to no purchase", sent.keys() - self.purchases)

    def _orphans(self) -> Iterator[Figure]:
        yield Figure("numbers sold", len(self.outside.met))
        invented = self.numbers.keys() - self.outside.met.keys()
        yield none_of("numbers that we have and were not sold", invented)
        yield Figure("orphans: sold, their answer lost", len(self.orphans))
        unflagged = [orphan for orphan in self.orphans if not self._is_flagged(orphan)]
        yield none_of("orphans that nobody is told of", unflagged)

    def _is_flagged(self, orphan: Request) -> bool:
        """Whether its purchase says that it is unknown, or what has become of it was found out."""
        purchase = self._bought_as(orphan)
        if purchase.state in (PurchaseState.UNKNOWN, PurchaseState.LOST):
            return True
        told = any(event.reason == "orphaned" for event in purchase.events.all())
        return told and orphan.state in (CANCELLED, EXPIRED)

    def _sms(self, blows: Sequence[Blow]) -> Iterator[Figure]:
        stored: dict[tuple[str, str], list[datetime]] = {}
        rows = Message.objects.values_list("activation__request_id", "text", "received_at")
        for request_id, text, at in rows:
            stored.setdefault((request_id, text), []).append(at)
        known = [d for d in self.outside.deliveries if d.request_id in self.numbers]
        lost = [d for d in known if (d.request_id, d.text) not in stored]
        yield Figure("SMS sent to numbers that we know", len(known))
        yield Figure("SMS sent to orphans", len(self.outside.deliveries) - len(known))
        yield none_of("SMS lost", lost)
        yield none_of("SMS stored twice", [sms for sms, ats in stored.items() if len(ats) > 1])
        sent = {(d.request_id, d.text) for d in known}
        yield none_of("SMS that nobody sent", stored.keys() - sent)
        struck = [blow.at for blow in blows]
        waits, since = [0.0], [0.0]
        for delivery in known:
            for at in stored.get((delivery.request_id, delivery.text), ()):
                before = bisect_right(struck, at)
                last = struck[before - 1] if before else delivery.at
                waits.append((at - delivery.at).total_seconds())
                since.append((at - max(delivery.at, last)).total_seconds())
        waits.sort()
        yield Figure("SMS stored after, median, s", waits[len(waits) // 2])
        yield Figure("SMS stored after, 99 of 100, s", waits[len(waits) * 99 // 100])
        yield Figure("SMS stored after, longest, s", waits[-1])
        yield Figure(
            "SMS stored after it and the last blow, longest, s", max(since), self.resume_within
        )

    def _money(self) -> Iterator[Figure]:
        unexplained = ZERO
        spent_in_all = ZERO
        for pk, account in self.accounts.items():
            index = self.indexes[pk]
            theirs = self.sandbox.world.account(account.token())
            spent = LedgerEntry.objects.filter(account=account).spent()
            in_limbo = sum(
                (orphan.cost for orphan in self._charged_orphans() if orphan.account == index), ZERO
            )
            unexplained += abs(theirs.paid - spent - in_limbo) + abs(theirs.frozen)
            spent_in_all += spent
        reserved = Purchase.objects.filter(settled_at=None).aggregate(
            sum=Sum("quoted", default=ZERO)
        )["sum"]
        unknown = [p for p in self.purchases.values() if p.state == PurchaseState.UNKNOWN]
        unexplained += abs(reserved - sum((p.quoted for p in unknown), ZERO))
        yield Figure("spent, US dollars", spent_in_all)
        yield Figure("still reserved for unknown outcomes, US dollars", Decimal(reserved))
        yield Figure("unexplained, US dollars", Decimal(unexplained), 0)
        differences = [*audit.check_purchases(), *audit.check_days(), *audit_rollup.check_rollup()]
        yield none_of("differences that check_ledger finds", differences)

    def _charged_orphans(self) -> Iterator[Request]:
        """Those with an SMS that nobody here could read, and that nobody has written off."""
        for orphan in self.orphans:
            unknown = self._bought_as(orphan).state == PurchaseState.UNKNOWN
            if orphan.state == RECEIVED and unknown:
                yield orphan

    def _resumption(self, blows: Sequence[Blow]) -> Iterator[Figure]:
        """From a blow until something asked for after it was sent, and an SMS sent after it stored."""
        sent = sorted((p.created, p.sent_at) for p in self.purchases.values() if p.sent_at)
        stored_at = dict(Message.objects.values_list("text", "received_at"))
        arrived = sorted(
            (d.at, stored_at[d.text]) for d in self.outside.deliveries if d.text in stored_at
        )
        for kind in sorted({blow.kind for blow in blows}):
            at = [blow.at for blow in blows if blow.kind == kind]
            took = [
                max(((done - blow).total_seconds() for done in ends), default=0.0)
                for blow in at
                for ends in [[*_first_after(blow, sent), *_first_after(blow, arrived)]]
            ]
            yield Figure(f"blows: {kind}", len(at))
            yield Figure(f"  resumed after, median, s ({kind})", sorted(took)[len(took) // 2])
            yield Figure(f"  resumed after, longest, s ({kind})", max(took), self.resume_within)

    def _key(self, purchase: Purchase) -> Key:
        assert purchase.country
        assert purchase.service
        trip = (purchase.country.provider_id, purchase.service.provider_id)
        return (self.indexes[purchase.account_id], *trip)

    def _bought_as(self, request: Request) -> Purchase:
        return self.purchases[request.account, str(request.country_id), str(request.project_id)]


def _first_after(blow: datetime, spans: list[tuple[datetime, datetime]]) -> list[datetime]:
    """The earliest end of those that began after a blow."""
    ends = [end for begin, end in spans if begin >= blow]
    return [min(ends)] if ends else []
