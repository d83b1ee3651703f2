"""Holding what the provider says against the ledger: whatever does not fit is drift, and is shown.

The *worth* of an account is its balance, what the provider holds (``frozen``), and all that our ledger
has spent on it. A purchase moves money from the balance into ``frozen``, an SMS from there into what
is spent, an end without one back: while only we use the account its worth never changes. So the
difference between two readings is what came or went by other hands.

Our ledger learns of an SMS when a poll finds it; the provider has charged it by then. Until that poll
the worth lacks the price, as it does while a purchase is being sent or its outcome is unknown. A
difference is therefore called drift only when nothing is under way and nothing has settled for a
minute. Until then the snapshot says nothing, and later ones are measured from the same one before it:
the drifts of an account always add up to what its worth has moved, so that none is ever absorbed. No
difference at all is conclusive at any time; it narrows the window in which the next one can arise.

``docs/states-and-money.md`` has the rest.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

import smsbus
from accounts.audit import record
from accounts.models import Action, ProviderAccount, User
from accounts.signals import money_changed
from core.money import ZERO, dollars
from rentals.models import Activation, BalanceSnapshot, Lease, LedgerEntry, Purchase
from rentals.models.snapshot import SnapshotQuerySet
from rentals.operations.errors import Refusal
from rentals.states import LeaseState, PurchaseState

# How long the books of both sides, and the clocks of our machines, get to come together.
SETTLED_FOR = timedelta(minutes=1)
UNDER_WAY = (PurchaseState.SENDING, PurchaseState.UNKNOWN)


def on_balance_read(
    *, account: ProviderAccount, balance: smsbus.Balance, asked_at: datetime, **_: Any
) -> None:
    """Take a snapshot of every balance that is read, whoever reads it."""
    take_snapshot(account=account, balance=balance, asked_at=asked_at)


def take_snapshot(
    *, account: ProviderAccount, balance: smsbus.Balance, asked_at: datetime
) -> BalanceSnapshot | None:
    """Keep ``balance`` and measure it against the ledger; None where it came too late to tell anything.

    Call it in the transaction that has updated the row of ``account``: two readings then come one
    after the other. ``asked_at`` is the moment before the provider was asked. Of two that were asked
    for in one order and answered in the other, the earlier one is dropped.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a snapshot belongs to the reading it is of")
    chain = BalanceSnapshot.objects.of_token(account)
    last = chain.latest_taken()
    if last is not None and asked_at <= last.confirmed_at:
        return None
    reading = BalanceSnapshot(
        account_id=account.pk,
        token_mark=BalanceSnapshot.mark_of(account),
        taken_at=timezone.now(),
        confirmed_at=asked_at,
        balance=dollars(balance.balance),
        frozen=dollars(balance.frozen),
        # Before anything else: what settles from here on shows as settled just now (_is_quiet).
        spent=LedgerEntry.objects.filter(account=account).spent(),
    )
    if last is not None and last.figures == reading.figures:
        last.confirmed_at = asked_at
        reading = last
    if reading.drift is None:
        _measure(reading, chain, quiet=_is_quiet(account, asked_at))
    reading.save()
    return reading


def explain_drift(*, snapshot: BalanceSnapshot, actor: User, explanation: str) -> None:
    """Note what a drift was, so that it is no longer pointed out. Raises ``Refusal``: it is already."""
    account = snapshot.account
    with transaction.atomic():
        explained = BalanceSnapshot.objects.unexplained().filter(pk=snapshot.pk)
        if not explained.update(
            explanation=explanation, explained_by=actor, explained_at=timezone.now()
        ):
            raise Refusal(_("Somebody has explained this already. Nothing was changed."))
        money_changed.send(ProviderAccount, team_id=account.team_id)
        record(
            action=Action.DRIFT_EXPLAINED,
            team=account.team,
            actor=actor,
            obj=account,
            after={"difference": str(snapshot.drift), "explanation": explanation},
        )


def find_apparent(account: ProviderAccount) -> Decimal | None:
    """Return the difference of which it cannot be said yet whether it is drift, in US dollars.

    None where there is none. It is there to be shown: what is under way may explain it.
    """
    chain = BalanceSnapshot.objects.of_token(account)
    last = chain.latest_taken()
    if last is None or last.drift is not None:
        return None
    fits = chain.conclusive().latest_taken()
    return last.worth - fits.worth if fits is not None else None


def _measure(reading: BalanceSnapshot, chain: SnapshotQuerySet, *, quiet: bool) -> None:
    """Say by how much ``reading`` is off, and since when, if that can be said (unsaved)."""
    fits = chain.conclusive().latest_taken()
    if fits is None:
        # The first one fits by definition, but only where nothing is under way.
        reading.drift = ZERO if quiet else None
        return
    difference = reading.worth - fits.worth
    if difference == 0:
        reading.drift = ZERO
    elif quiet:
        reading.drift = difference
        reading.since = fits.confirmed_at
        reading.until = _seen_since(reading, chain.filter(pk__gt=fits.pk))


def _seen_since(reading: BalanceSnapshot, between: SnapshotQuerySet) -> datetime:
    """When the worth was first what it is now and has been ever since: the drift is not younger."""
    seen = reading.taken_at
    if reading.pk is not None:
        between = between.filter(pk__lt=reading.pk)
    for earlier in between.order_by("-pk").iterator():
        if earlier.worth != reading.worth:
            break
        seen = earlier.taken_at
    return seen


def _is_quiet(account: ProviderAccount, asked_at: datetime) -> bool:
    """Whether our books and the provider's can be held against each other on ``account``.

    Purchases before numbers: one that is bought between the two questions is found by the second.
    Cancellations before entries, in the same way: the money of a lease that is being cancelled may
    have come back already, and its refund is written with the end of the cancellation.
    """
    sending = Purchase.objects.filter(account=account, state__in=UNDER_WAY)
    waiting = Activation.objects.filter(account=account).open()
    cancelling = Lease.objects.filter(account=account, state=LeaseState.CANCELLING)
    moved = LedgerEntry.objects.filter(account=account, created__gte=asked_at - SETTLED_FOR)
    return not any(rows.exists() for rows in (sending, waiting, cancelling, moved))
