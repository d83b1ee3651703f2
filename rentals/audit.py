"""The books recomputed: what events and ledger entries say against what the other rows claim.

Events and entries are append-only, so they are what counts. Everything else follows from them: the
state of a purchase and of its number, what is still reserved, the roll-up by day. Reading goes in
batches, so that memory does not grow with the books.

The site may be at work meanwhile. What looks wrong is therefore looked at once more, with its row
locked as every writer of money locks it, before it counts as a difference.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from accounts.models import Team
from core.money import ZERO
from rentals import states
from rentals.models import Activation, Event, Lease, LedgerEntry, MemberDay, Purchase
from rentals.models.purchase import PurchaseQuerySet
from rentals.rollup import DAY_COLUMN
from rentals.states import ACTIVATION_OPEN, ActivationState, LeaseState, PurchaseState

BATCH = 1000
Kind = LedgerEntry.Kind
UNSETTLED = (PurchaseState.HELD, PurchaseState.SENDING, PurchaseState.UNKNOWN)

Day = tuple[int, date]  # a member and a UTC day
Sums = dict[str, Any]  # the columns of a MemberDay that follow from entries

# Purchases


def check_purchases() -> Iterator[str]:
    """Yield each difference in a purchase, its entries, its events or its number, oldest first."""
    purchases = _with_books(Purchase.objects.order_by("pk"))
    last = 0
    while batch := list(purchases.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        for purchase in batch:
            if _differences(purchase):
                yield from _look_again(purchase.pk)


def _with_books(purchases: PurchaseQuerySet) -> PurchaseQuerySet:
    return purchases.select_related("activation", "lease").prefetch_related("entries", "events")


def _look_again(pk: int) -> list[str]:
    """Whoever writes money of a purchase updates its row: locked, all that belongs to it holds still."""
    with transaction.atomic():
        Purchase.objects.select_for_update().get(pk=pk)
        purchase = _with_books(Purchase.objects.filter(pk=pk)).get()
        return [f"purchase {purchase.code}: {found}" for found in _differences(purchase)]


def _differences(purchase: Purchase) -> list[str]:
    activation: Activation | None = getattr(purchase, "activation", None)
    lease: Lease | None = getattr(purchase, "lease", None)
    events = sorted(purchase.events.all(), key=lambda event: event.pk)
    of_purchase = [event for event in events if event.subject == Event.Subject.PURCHASE]
    of_number = [event for event in events if event.subject == Event.Subject.ACTIVATION]
    of_lease = [event for event in events if event.subject == Event.Subject.LEASE]
    found = list(_check_entries(purchase, activation))
    found += _check_events("it", PurchaseState, purchase.state, of_purchase)
    if activation is not None:
        found += _check_events("its number", ActivationState, activation.state, of_number)
    if lease is not None:
        found += _check_events("its lease", LeaseState, lease.state, of_lease)
        refunded = any(entry.kind == Kind.REFUND for entry in purchase.entries.all())
        if refunded != (lease.state == LeaseState.CANCELLED):
            found.append(f"its lease is {lease.state}, and {'' if refunded else 'not '}refunded")
    has_number = activation is not None or lease is not None
    # What a renewal bought is more time for a number that is another purchase's.
    gets_number = purchase.state == PurchaseState.BOUGHT and purchase.kind != Purchase.Kind.RENEWAL
    if has_number != gets_number:
        has = "has a" if has_number else "has no"
        found.append(f"it is {purchase.state} and {has} number")
    return found


def _check_entries(purchase: Purchase, activation: Activation | None) -> Iterator[str]:
    entries = list(purchase.entries.all())
    amounts = {Kind(entry.kind): entry.amount for entry in entries}
    if amounts.get(Kind.HOLD) != purchase.quoted:
        yield f"held {_usd(amounts.get(Kind.HOLD))}, quoted {_usd(purchase.quoted)}"
    settled = {kind: amounts[kind] for kind in LedgerEntry.SETTLEMENTS if kind in amounts}
    due = _settlement_due(purchase, activation)
    if settled != due:
        yield f"settled by {_told(settled)}, its state asks for {_told(due)}"
    if bool(settled) != (purchase.settled_at is not None):
        marked = "settled" if purchase.settled_at else "reserved"
        yield f"marked as {marked}, settled by {_told(settled)}"
    if amounts.get(Kind.REFUND, ZERO) > amounts.get(Kind.CHARGE, ZERO):
        yield f"refunded {_usd(amounts[Kind.REFUND])}, charged {_usd(amounts.get(Kind.CHARGE))}"
    owner = (purchase.team_id, purchase.account_id)
    if any((entry.team_id, entry.account_id) != owner for entry in entries):
        yield "an entry is booked on another team or account"


def _settlement_due(purchase: Purchase, activation: Activation | None) -> dict[Kind, Decimal]:
    """Return the entry that settles a purchase in this state; nothing while its money is held."""
    if purchase.state in UNSETTLED:
        return {}
    if purchase.state == PurchaseState.LOST:
        return {Kind.LOSS: purchase.price}
    if purchase.state == PurchaseState.BOUGHT:
        if purchase.is_of_lease:
            return {Kind.CHARGE: purchase.price}
        if activation is None or activation.state in ACTIVATION_OPEN:
            return {}
        if activation.state == ActivationState.RECEIVED:
            return {Kind.CHARGE: purchase.price}
    return {Kind.RELEASE: purchase.quoted}


def _check_events(
    what: str,
    machine: type[PurchaseState] | type[ActivationState] | type[LeaseState],
    state: str,
    events: Iterable[Event],
) -> Iterator[str]:
    """The changes must follow on each other by the rules, from the first state to the present one."""
    reached = ""
    for event in events:
        if not event.to_state:
            continue  # it tells of something that changed no state
        first = not reached and event.to_state == machine.values[0]
        legal = first or event.to_state in states.MACHINES[machine].get(reached, ())
        if event.from_state != reached or not legal:
            yield f"an event takes {what} from {event.from_state or '·'} to {event.to_state}" + (
                f", but it was {reached or '·'}"
            )
        reached = event.to_state
    if reached != state:
        yield f"{what} is {state}, its events say {reached or 'nothing'}"


# Days


def check_days(*, fix: bool = False) -> Iterator[str]:
    """Yield each roll-up of a member's day that is not the sum of its entries.

    With ``fix`` it is written anew from them. One team is in memory at a time.
    """
    for team_id in Team.objects.order_by("pk").values_list("pk", flat=True).iterator(BATCH):
        right, kept = _from_entries(team_id), _from_days(team_id)
        for member, day in sorted(right.keys() | kept.keys()):
            if right.get((member, day), _nothing()) != kept.get((member, day), _nothing()):
                yield from _look_again_at_day(team_id, member, day, fix=fix)


def _look_again_at_day(team_id: int, member: int, day: date, *, fix: bool) -> Iterator[str]:
    """Every entry is added to its day in its own transaction: the row locked, none is half there."""
    key = {"team_id": team_id, "member_id": member, "day": day}
    with transaction.atomic():
        if fix:  # as the ledger does it; a row that is missing otherwise stays so
            MemberDay.objects.bulk_create([MemberDay(**key)], ignore_conflicts=True)
        list(MemberDay.objects.select_for_update().filter(**key))
        right = _from_entries(team_id, member, day).get((member, day), _nothing())
        kept = _from_days(team_id, member, day).get((member, day), _nothing())
        if fix:
            MemberDay.objects.filter(**key).update(**right)
    for column, amount in right.items():
        if kept[column] != amount:
            yield (
                f"team {team_id}, member {member}, {day}: {column} {kept[column]}, "
                f"its entries say {amount}"
            )


def _from_entries(
    team_id: int, member: int | None = None, day: date | None = None
) -> dict[Day, Sums]:
    entries = LedgerEntry.objects.filter(team_id=team_id)
    if member is not None:
        entries = entries.filter(purchase__buyer_id=member)
    rows = entries.annotate(day=TruncDate("created", tzinfo=UTC))
    if day is not None:
        rows = rows.filter(day=day)
    sums = rows.order_by().values("purchase__buyer_id", "day", "kind")
    found: dict[Day, Sums] = {}
    for row in sums.annotate(total=Sum("amount"), count=Count("pk")).iterator(BATCH):
        columns = found.setdefault((row["purchase__buyer_id"], row["day"]), _nothing())
        # SQLite adds up floats; four decimals are exact far beyond what it can get wrong.
        columns[DAY_COLUMN[Kind(row["kind"])]] = row["total"].quantize(ZERO)
        if row["kind"] == Kind.HOLD:
            columns["purchases"] = row["count"]
    return found


def _from_days(team_id: int, member: int | None = None, day: date | None = None) -> dict[Day, Sums]:
    days = MemberDay.objects.filter(team_id=team_id)
    if member is not None and day is not None:
        days = days.filter(member_id=member, day=day)
    rows = days.values("member_id", "day", "purchases", *DAY_COLUMN.values())
    return {(row.pop("member_id"), row.pop("day")): row for row in rows.iterator(BATCH)}


def _nothing() -> Sums:
    """The day of a member who did nothing; the same as no row at all."""
    return {"purchases": 0} | dict.fromkeys(DAY_COLUMN.values(), ZERO)


def _told(settlement: dict[Kind, Decimal]) -> str:
    told = ", ".join(f"a {kind} of {_usd(amount)}" for kind, amount in settlement.items())
    return told or "nothing"


def _usd(amount: Decimal | None) -> str:
    return "nothing" if amount is None else f"${amount}"
