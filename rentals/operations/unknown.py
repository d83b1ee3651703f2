"""Purchases of unknown outcome: found out where evidence allows, else decided by a person.

The evidence is the frozen sandwich (``evidence``). Nothing here ever sends a purchase again.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

import smsbus
from accounts.models import User
from accounts.provider import client_for
from rentals import journal, ledger
from rentals.models import Activation, Purchase
from rentals.operations import evidence, goods
from rentals.operations.errors import Refusal
from rentals.operations.queueing import wake_queue
from rentals.states import PurchaseState

logger = logging.getLogger(__name__)

BY = "evidence"
AFTER_LIFE = timedelta(seconds=60)  # the provider needs a moment to release what expired

State = PurchaseState


def when_to_look(purchase: Purchase) -> datetime | None:
    """Return when the evidence about a purchase that becomes unknown can be read; None for never.

    Needs a baseline from right before the send, and an account whose ``frozen`` is believed.
    """
    if purchase.baseline_frozen is None or not evidence.is_believed(purchase.account):
        return None
    return timezone.now() + timedelta(seconds=settings.UNKNOWN_QUIET_SECONDS)


def find_out(*, purchase_id: int) -> None:
    """Read the evidence about an unknown purchase, and act on it. Safe to call twice.

    Right after the quiet period: nothing more is frozen and nothing is gone: not bought. Exactly
    its price is frozen: bought and orphaned, looked at again when its life is over. Then: its price
    is gone: lost; nothing is gone: released. Anything else goes to a person.
    """
    purchase = Purchase.objects.select_related("account", "team").get(pk=purchase_id)
    due = purchase.look_again_at is not None and purchase.look_again_at <= timezone.now()
    if purchase.state != State.UNKNOWN or not due:
        return
    if _others_unknown(purchase) or purchase.baseline_total is None or purchase.cost is None:
        _leave_to_person(purchase)
        return
    client = client_for(purchase.account)
    reading = evidence.read(purchase.account, client, apart_from=purchase)
    if reading is None:
        _look_later(purchase)
        return
    gone = purchase.baseline_total - reading.worth
    orphaned = purchase.reason == "orphaned"
    if reading.excess == 0 and gone == 0:
        reason = "orphan_released" if orphaned else "frozen_not_bought"
        _settle(purchase, State.NOT_BOUGHT, reason=reason, by=BY)
    elif reading.excess == 0 and gone == purchase.cost and orphaned:
        _settle(purchase, State.LOST, reason="orphan_charged", by=BY)
    elif reading.excess == purchase.cost and gone == 0 and not orphaned:
        _note_orphan(purchase)
    else:
        _leave_to_person(purchase)


def adopt(*, purchase: Purchase, actor: User, request_id: str, number: str) -> Activation:
    """A person has found the number on the provider's site: it is ours, and is polled from now on.

    Raises ``Refusal`` where the purchase is decided already, or the request id is another's here.
    """
    receipt = smsbus.Number(request_id=request_id.strip(), number=number.strip().lstrip("+"))
    taken = Refusal(
        _("We have this request id already, with another purchase. Nothing was changed.")
    )
    if not goods.is_new(purchase, receipt):
        raise taken
    try:
        with transaction.atomic():
            _decide(purchase, State.BOUGHT, reason="adopted", actor=actor)
            goods.deliver(purchase, receipt)
    except IntegrityError:
        raise taken from None
    return Activation.objects.get(purchase=purchase)


def declare_not_bought(*, purchase: Purchase, actor: User) -> None:
    """A person has seen that the provider sold nothing: the hold is released."""
    with transaction.atomic():
        _decide(purchase, State.NOT_BOUGHT, reason="declared_not_bought", actor=actor)
        _close(purchase)


def write_off(*, purchase: Purchase, actor: User) -> None:
    """A person gives the money up for lost: it counts as spent."""
    with transaction.atomic():
        _decide(purchase, State.LOST, reason="written_off", actor=actor)
        _close(purchase)


def _decide(purchase: Purchase, to: PurchaseState, *, reason: str, actor: User) -> None:
    if purchase.state == State.UNKNOWN and journal.move(
        purchase, to, reason=reason, actor=actor, ended_at=timezone.now(), look_again_at=None
    ):
        return
    raise Refusal(
        _("Somebody, or the provider's late answer, has decided this already. Nothing was changed.")
    )


def _settle(purchase: Purchase, to: PurchaseState, *, reason: str, by: str) -> None:
    with transaction.atomic():
        if journal.move(
            purchase, to, reason=reason, by=by, ended_at=timezone.now(), look_again_at=None
        ):
            _close(purchase)


def _close(purchase: Purchase) -> None:
    """Settle the money of what ended, and let wait no longer who waited for it."""
    if purchase.state == State.LOST:
        ledger.write_off(purchase)
    else:
        ledger.release(purchase)
    wake_queue(purchase.account_id)


def _note_orphan(purchase: Purchase) -> None:
    """Bought, but nobody knows the number: what comes of the money shows when its life is over."""
    sent = purchase.sent_at or purchase.created
    with transaction.atomic():
        changed = Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN).update(
            reason="orphaned", look_again_at=sent + goods.LIFE + AFTER_LIFE
        )
        if changed:
            journal.note(purchase, reason="orphaned", by=BY)
            wake_queue(purchase.account_id)


def _leave_to_person(purchase: Purchase) -> None:
    with transaction.atomic():
        changed = Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN).update(
            look_again_at=None
        )
        if changed:
            journal.note(purchase, reason="left_to_person", by=BY)
            wake_queue(purchase.account_id)


def _look_later(purchase: Purchase) -> None:
    """Something was under way: look again soon, but keep the account waiting only so long."""
    waited = timezone.now() - (purchase.sent_at or purchase.created)
    patience = timedelta(seconds=5 * settings.UNKNOWN_QUIET_SECONDS)
    if purchase.reason == "orphaned":
        patience += goods.LIFE
    if waited > patience:
        _leave_to_person(purchase)
        return
    again = timezone.now() + timedelta(seconds=settings.UNKNOWN_QUIET_SECONDS / 3)
    Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN).update(look_again_at=again)


def _others_unknown(purchase: Purchase) -> bool:
    """Whether other unexplained purchases blur what the account's figures say."""
    others = Purchase.objects.filter(account=purchase.account, state=State.UNKNOWN)
    return others.exclude(pk=purchase.pk).exists()
