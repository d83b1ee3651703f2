"""Purchases of unknown outcome: found out where evidence allows, else decided by a person.

The evidence about a number is the frozen sandwich (``evidence``), about a lease or a renewal the
provider's list of orders (``orders``). Nothing here ever sends a purchase again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

import smsbus
from accounts.audit import record
from accounts.models import Action, User
from accounts.provider import client_for
from rentals import journal, ledger
from rentals.models import Activation, Purchase
from rentals.operations import evidence, numbers, orders
from rentals.operations.errors import Refusal
from rentals.operations.queueing import wake_queue
from rentals.states import PurchaseState

logger = logging.getLogger(__name__)

BY = "evidence"
AFTER_LIFE = timedelta(seconds=60)  # the provider needs a moment to release what expired

State = PurchaseState


def when_to_look(purchase: Purchase) -> datetime | None:
    """Return when the evidence about a purchase that becomes unknown can be read; None for never.

    Needs a baseline from right before the send, and for a number an account whose ``frozen`` is
    believed.
    """
    if purchase.is_of_lease:
        has_evidence = purchase.orders_before is not None
    else:
        known = purchase.baseline_frozen is not None
        has_evidence = known and evidence.is_believed(purchase.account)
    if not has_evidence:
        return None
    return timezone.now() + timedelta(seconds=settings.UNKNOWN_QUIET_SECONDS)


def find_out(*, purchase_id: int) -> None:
    """Read the evidence about an unknown purchase, and act on it. Safe to call twice."""
    purchase = Purchase.objects.select_related("account", "team", "renews").get(pk=purchase_id)
    due = purchase.look_again_at is not None and purchase.look_again_at <= timezone.now()
    if purchase.state != State.UNKNOWN or not due:
        return
    if purchase.is_of_lease:
        _look_for_order(purchase)
    else:
        _read_figures(purchase)


def _look_for_order(purchase: Purchase) -> None:
    """Adopt the one new order that can only be this purchase.

    None: looked for again until our patience is over, because an order may be listed a little after
    it was made; then it was not bought. Several, one that is not quite alike, or another purchase
    that it could be: a person.
    """
    renews_itself = purchase.renews is not None and purchase.renews.auto_renew
    if renews_itself or purchase.orders_before is None or _others_alike(purchase):
        _leave_to_person(purchase)
        return
    try:
        found = orders.find_candidates(purchase, client_for(purchase.account))
    except smsbus.SmsBusError as error:
        logger.info("purchase %s: no list of orders: %s", purchase.pk, type(error).__name__)
        _look_later(purchase)
    except orders.TooMany:
        _leave_to_person(purchase)
    else:
        _judge(purchase, found)


def _judge(purchase: Purchase, found: list[smsbus.Order]) -> None:
    receipt = orders.receipt_of(found[0]) if len(found) == 1 else None
    if not found and _is_patient(purchase):
        _look_later(purchase)
    elif not found:
        _settle(purchase, State.NOT_BOUGHT, reason="order_not_listed", by=BY)
    elif receipt is not None and orders.is_certain(purchase, found[0]):
        _adopt_found(purchase, receipt)
    else:
        _leave_to_person(purchase)


def _adopt_found(purchase: Purchase, receipt: smsbus.LeasedNumber) -> None:
    try:
        with transaction.atomic():
            if journal.move(
                purchase,
                State.BOUGHT,
                reason="order_found",
                by=BY,
                ended_at=timezone.now(),
                look_again_at=None,
            ):
                orders.deliver(purchase, receipt)
    except IntegrityError:  # another purchase has just taken the order
        purchase.refresh_from_db()
        _leave_to_person(purchase)


def _read_figures(purchase: Purchase) -> None:
    """Take a sandwich.

    Right after the quiet period: nothing more is frozen and nothing is gone: not bought. Exactly
    its price is frozen: bought and orphaned, looked at again when its life is over. Then: its price
    is gone: lost; nothing is gone: released. Anything else goes to a person.
    """
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
    if not numbers.is_new(purchase, receipt):
        raise taken
    try:
        with transaction.atomic():
            _decide(purchase, State.BOUGHT, reason="adopted", actor=actor)
            numbers.deliver(purchase, receipt)
            facts = {"request id": receipt.request_id, "number": receipt.number}
            _audit(Action.PURCHASE_ADOPTED, purchase, actor, **facts)
    except IntegrityError:
        raise taken from None
    return Activation.objects.get(purchase=purchase)


def adopt_order(*, purchase: Purchase, actor: User, order: str) -> None:
    """A person says which order it is, by its id or by the number: looked up, then adopted.

    It must be for the same area, months and number and cost no more than was quoted; nobody has to
    type what the provider can tell. Raises ``Refusal`` where it is not, is another purchase's, where
    the provider does not answer, or the purchase is decided already. Call it outside a transaction.
    """
    wanted = order.strip().lstrip("+")
    try:
        candidates = orders.find_candidates(purchase, client_for(purchase.account))
    except (smsbus.SmsBusError, orders.TooMany):
        raise Refusal(
            _("The provider's list of orders could not be read. Nothing was changed; try again.")
        ) from None
    found = [candidate for candidate in candidates if wanted in orders.names_of(candidate)]
    receipt = orders.receipt_of(found[0]) if len(found) == 1 else None
    if receipt is None or found[0].status != orders.COMPLETED or found[0].amount > purchase.quoted:
        raise Refusal(
            _(
                "The provider lists no such order that is paid, fits this purchase and is not "
                "another's. Nothing was changed."
            )
        )
    try:
        with transaction.atomic():
            _decide(purchase, State.BOUGHT, reason="adopted", actor=actor, cost=found[0].amount)
            orders.deliver(purchase, receipt)
            _audit(Action.PURCHASE_ADOPTED, purchase, actor, order=receipt.order_id)
    except IntegrityError:
        raise Refusal(
            _("We have this order already, with another purchase. Nothing was changed.")
        ) from None


def declare_not_bought(*, purchase: Purchase, actor: User) -> None:
    """A person has seen that the provider sold nothing: the hold is released."""
    with transaction.atomic():
        _decide(purchase, State.NOT_BOUGHT, reason="declared_not_bought", actor=actor)
        _close(purchase)
        _audit(Action.PURCHASE_NOT_BOUGHT, purchase, actor)


def write_off(*, purchase: Purchase, actor: User) -> None:
    """A person gives the money up for lost: it counts as spent."""
    with transaction.atomic():
        _decide(purchase, State.LOST, reason="written_off", actor=actor)
        _close(purchase)
        _audit(Action.PURCHASE_WRITTEN_OFF, purchase, actor)


def _decide(
    purchase: Purchase, to: PurchaseState, *, reason: str, actor: User, **changes: Any
) -> None:
    changes |= {"ended_at": timezone.now(), "look_again_at": None}
    if purchase.state == State.UNKNOWN and journal.move(
        purchase, to, reason=reason, actor=actor, **changes
    ):
        return
    raise Refusal(
        _("Somebody, or the provider's late answer, has decided this already. Nothing was changed.")
    )


def _audit(action: Action, purchase: Purchase, actor: User, **facts: str) -> None:
    price = purchase.cost if purchase.cost is not None else purchase.quoted
    record(
        action=action,
        team=purchase.team,
        actor=actor,
        obj=purchase,
        after={"purchase": str(purchase.code), "price": str(price), **facts},
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
        fresh = Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN)
        changed = fresh.exclude(reason="orphaned").update(
            reason="orphaned", look_again_at=sent + numbers.LIFE + AFTER_LIFE
        )
        if changed:
            journal.note(purchase, reason="orphaned", by=BY)
            wake_queue(purchase.account_id)


def _leave_to_person(purchase: Purchase) -> None:
    with transaction.atomic():
        undecided = Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN)
        changed = undecided.exclude(look_again_at=None).update(look_again_at=None)
        if changed:
            journal.note(purchase, reason="left_to_person", by=BY)
            wake_queue(purchase.account_id)


def _look_later(purchase: Purchase) -> None:
    """Something was under way: look again soon, but keep the account waiting only so long."""
    if not _is_patient(purchase):
        _leave_to_person(purchase)
        return
    again = timezone.now() + timedelta(seconds=settings.UNKNOWN_QUIET_SECONDS / 3)
    Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN).update(look_again_at=again)


def _is_patient(purchase: Purchase) -> bool:
    """Whether it is early enough to look once more."""
    waited = timezone.now() - (purchase.sent_at or purchase.created)
    patience = timedelta(seconds=5 * settings.UNKNOWN_QUIET_SECONDS)
    if purchase.reason == "orphaned":
        patience += numbers.LIFE
    return waited <= patience


def _others_alike(purchase: Purchase) -> bool:
    """Whether the order of this purchase could as well be another's whose outcome is unknown."""
    others = Purchase.objects.filter(
        account=purchase.account,
        state=State.UNKNOWN,
        area_code=purchase.area_code,
        months=purchase.months,
        renews=purchase.renews,
    )
    return others.exclude(pk=purchase.pk).exists()


def _others_unknown(purchase: Purchase) -> bool:
    """Whether other unexplained purchases blur what the account's figures say."""
    others = Purchase.objects.filter(account=purchase.account, state=State.UNKNOWN)
    return others.exclude(pk=purchase.pk).exists()
