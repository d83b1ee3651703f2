"""The only writer of the ledger.

Each function writes one entry and adds it to the buyer's day and to the day of the destination in
the caller's transaction, and settlements mark the purchase settled. The database holds what matters
against bugs and races: a kind once for each purchase, one settlement, no change, no deletion.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.operations import ask_for_balance
from core.money import dollars
from live import bus
from rentals import rollup
from rentals.models import LedgerEntry, MemberDay, Purchase, TripDay
from rentals.rollup import DAY_COLUMN

Kind = LedgerEntry.Kind


def hold(purchase: Purchase) -> LedgerEntry:
    """Reserve the quoted price before anything is sent."""
    return _enter(purchase, Kind.HOLD, purchase.quoted)


def charge(purchase: Purchase) -> LedgerEntry:
    """Settle: the provider keeps the money. Charges the confirmed price, never above the hold."""
    return _enter(purchase, Kind.CHARGE, purchase.price)


def release(purchase: Purchase) -> LedgerEntry:
    """Settle: nothing was paid, the whole hold is given back."""
    return _enter(purchase, Kind.RELEASE, purchase.quoted)


def write_off(purchase: Purchase) -> LedgerEntry:
    """Settle an unknown outcome that nobody could explain: count the money as lost."""
    return _enter(purchase, Kind.LOSS, purchase.price)


def refund(purchase: Purchase) -> LedgerEntry:
    """The provider gave back what was charged, all of it; once for each purchase.

    Raises ``LedgerEntry.DoesNotExist`` where nothing was charged, ``IntegrityError`` the second time.
    """
    charged = LedgerEntry.objects.get(purchase=purchase, kind=Kind.CHARGE)
    return _enter(purchase, Kind.REFUND, charged.amount)


def _enter(purchase: Purchase, kind: LedgerEntry.Kind, amount: Decimal) -> LedgerEntry:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("money moves with the change that moves it")
    now = timezone.now()
    entry = LedgerEntry.objects.create(
        purchase=purchase,
        team_id=purchase.team_id,
        account_id=purchase.account_id,
        kind=kind,
        amount=dollars(amount),
        created=now,
    )
    if kind in LedgerEntry.SETTLEMENTS:
        Purchase.objects.filter(pk=purchase.pk).update(settled_at=now)
        purchase.settled_at = now
    if kind != Kind.HOLD:
        ask_for_balance(account_id=purchase.account_id)  # whatever settles, by whomever
    _add_to_day(entry, now)
    _add_to_trip(entry, purchase)
    bus.publish(team_id=purchase.team_id, topic="money")
    return entry


def _add_to_day(entry: LedgerEntry, now: datetime) -> None:
    day = MemberDay(team_id=entry.team_id, member_id=entry.purchase.buyer_id, day=now.date())
    MemberDay.objects.bulk_create([day], ignore_conflicts=True)
    column = DAY_COLUMN[Kind(entry.kind)]
    changes = {column: F(column) + entry.amount}
    if entry.kind == Kind.HOLD:
        changes["purchases"] = F("purchases") + 1
    MemberDay.objects.filter(team_id=day.team_id, member_id=day.member_id, day=day.day).update(
        **changes
    )


def _add_to_trip(entry: LedgerEntry, purchase: Purchase) -> None:
    """The rows of a buyer's day are locked behind that day, so their order does not matter."""
    key = rollup.key_of(entry, purchase)
    row = TripDay.objects.filter(**key)
    changes = {column: F(column) + amount for column, amount in rollup.additions(entry, purchase)}
    if not row.update(**changes):
        TripDay.objects.bulk_create([TripDay(**key)], ignore_conflicts=True)
        row.update(**changes)
