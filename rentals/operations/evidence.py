"""What the provider's ``frozen`` says about a purchase whose answer was lost.

There is no call that lists open requests. But ``frozen`` is what the provider holds for them, so on
an account that only we use it must be the sum of what we know to be open, and anything more is a
number that was sold to us unheard. Reading it takes a **sandwich**: frozen, a poll of all our open
requests, frozen again; where the two differ something moved meanwhile and the reading says nothing.

That ``frozen`` moves this way is an assumption about the provider. It is checked on ordinary
purchases (``calibrate``): only an account on which it has been seen to hold is judged by it, and one
contradiction switches that off for a day. ``docs/states-and-money.md`` has the whole reasoning.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

import smsbus
from accounts.models import ProviderAccount
from accounts.provider import client_for
from core.money import ZERO
from rentals import journal
from rentals.models import Activation, LedgerEntry, Purchase
from rentals.operations import activation as activations
from rentals.states import PurchaseState

logger = logging.getLogger(__name__)

CONFIRMATIONS = 3  # purchases that have to be seen in frozen before it is believed
RECALIBRATE_EVERY = 10
CONTRADICTION_COUNTS_FOR = timedelta(days=1)
CALIBRATED = ("frozen_confirmed", "frozen_contradicted")  # why an event was written
MOST_POLLS = 10  # of open requests in one reading; more would keep the buyer waiting


@dataclass(frozen=True, slots=True)
class Reading:
    """One conclusive look at an account, in US dollars.

    ``excess``: how much more is frozen than for the numbers we know of. ``worth``: balance, frozen
    and all that our ledger has spent: it stays the same while nobody else uses the account.
    """

    frozen: Decimal
    excess: Decimal
    worth: Decimal


@dataclass(frozen=True, slots=True)
class _Books:
    frozen: Decimal
    spent: Decimal


def is_believed(account: ProviderAccount) -> bool:
    """Whether ``frozen`` has been seen to move as assumed on ``account``, and never otherwise."""
    at = account.frozen_contradicted_at
    contradicted = at is not None and timezone.now() - at < CONTRADICTION_COUNTS_FOR
    return account.frozen_confirmed >= CONFIRMATIONS and not contradicted


def read(
    account: ProviderAccount, client: smsbus.Client, *, apart_from: Purchase
) -> Reading | None:
    """Take a sandwich; None where it says nothing: unreachable, or something was under way.

    ``apart_from`` is the purchase it is taken for: it is not counted among what we know of, unless
    its number is here. What the polls find is stored like what a poller finds.
    """
    started = timezone.now()
    numbers = Activation.objects.filter(account=account).open()
    if numbers.count() > MOST_POLLS:
        return None
    try:
        before = client.get_balance()
        for number in numbers:
            _poll(number, client)
        known = _books(account)
        after = client.get_balance()
    except smsbus.SmsBusError as error:
        logger.info("account %s: no reading: %s", account.pk, type(error).__name__)
        return None
    others = Purchase.objects.filter(account=account).exclude(pk=apart_from.pk)
    under_way = others.filter(Q(state=PurchaseState.SENDING) | Q(sent_at__gte=started))
    if before != after or known != _books(account) or under_way.exists():
        return None
    return Reading(
        frozen=after.frozen,
        excess=after.frozen - known.frozen,
        worth=after.balance + after.frozen + known.spent,
    )


def take_baseline(purchase: Purchase, client: smsbus.Client) -> Reading | None:
    """Read the account right before a send; None where we are not the only user, or cannot tell."""
    reading = read(purchase.account, client, apart_from=purchase)
    return reading if reading is not None and reading.excess == 0 else None


def is_due_for_calibration(purchase: Purchase) -> bool:
    """Whether this purchase is one to check the assumption on."""
    if purchase.baseline_frozen is None:
        return False
    confirmed = purchase.account.frozen_confirmed < CONFIRMATIONS
    return confirmed or purchase.pk % RECALIBRATE_EVERY == 0


def calibrate(*, purchase_id: int) -> None:
    """Check on an ordinary purchase that its price has moved into ``frozen`` exactly.

    Counts once for each purchase, however often it is called.
    """
    purchase = Purchase.objects.select_related("account", "activation").get(pk=purchase_id)
    account = purchase.account
    reading = read(account, client_for(account), apart_from=purchase)
    still_open = Activation.objects.filter(purchase=purchase).open().exists()
    if reading is None or not still_open:
        return
    fits = reading.excess == 0
    with transaction.atomic():
        row = ProviderAccount.objects.filter(pk=account.pk)
        row.select_for_update(no_key=True).get()
        if purchase.events.filter(reason__in=CALIBRATED).exists():
            return
        journal.note(purchase, reason=CALIBRATED[0 if fits else 1], by="worker")
        if fits:
            row.filter(frozen_confirmed__lt=1000).update(frozen_confirmed=F("frozen_confirmed") + 1)
        else:
            logger.warning("account %s: frozen is off by %s", account.pk, reading.excess)
            row.update(frozen_confirmed=0, frozen_contradicted_at=timezone.now())


def _poll(number: Activation, client: smsbus.Client) -> None:
    try:
        text = client.get_sms(number.request_id)
    except smsbus.NoSmsYet:
        return
    except smsbus.RequestReleased:
        activations.store_release(activation_id=number.pk, by="worker")
    else:
        activations.store_sms(activation_id=number.pk, text=text, by="worker")


def _books(account: ProviderAccount) -> _Books:
    """What should be frozen, and what the ledger has spent, on an account that only we use."""
    open_numbers = Purchase.objects.filter(account=account, pk__in=_holding(account))
    return _Books(
        frozen=Decimal(open_numbers.aggregate(sum=Sum("cost", default=ZERO))["sum"]),
        spent=LedgerEntry.objects.filter(account=account).spent(),
    )


def _holding(account: ProviderAccount) -> list[int]:
    """Purchases that the provider holds money for: open numbers, and orphans while they live."""
    numbers = Activation.objects.filter(account=account).open()
    orphans = Purchase.objects.filter(
        account=account,
        state=PurchaseState.UNKNOWN,
        reason="orphaned",
        look_again_at__gt=timezone.now(),
    )
    return [
        *numbers.values_list("purchase_id", flat=True),
        *orphans.values_list("pk", flat=True),
    ]
