"""What time does: the database is the queue, and this finds whatever Redis or a worker lost."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.queue import enqueue_on_commit
from rentals import journal, ledger
from rentals.models import Activation, Lease, Purchase
from rentals.operations import sending, unknown
from rentals.operations.queueing import WAITING_REASONS
from rentals.states import ActivationState, LeaseState, PurchaseState

logger = logging.getLogger(__name__)

BATCH = 500
NUDGE = timedelta(seconds=3)  # a held purchase or an asked cancel older than this is enqueued again
BY = "sweep"
WORKER_DIED = "worker_died"


def sweep() -> None:
    """Give up on dead workers, wake up lost work, let go of what waited too long.

    Beat runs it every few seconds; two at a time do no harm. Each row is changed by its own
    compare-and-swap, so that one bad row never stops the others.
    """
    from rentals import tasks  # the tasks import the operations

    now = timezone.now()
    for purchase in Purchase.objects.filter(state=PurchaseState.SENDING, claim_until__lt=now)[
        :BATCH
    ]:
        _one(_orphan, purchase)
    kept = Purchase.objects.filter(
        state=PurchaseState.UNKNOWN, reason=WORKER_DIED, answer_sealed__isnull=False
    )
    for purchase in kept[:BATCH]:
        _one(_read_answer, purchase)
    held = Purchase.objects.filter(state=PurchaseState.HELD)
    for purchase in held.filter(_too_old(now))[:BATCH]:
        _one(_give_up, purchase)
    unclear = Purchase.objects.filter(state=PurchaseState.UNKNOWN, look_again_at__lte=now)
    for pk in unclear.values_list("pk", flat=True)[:BATCH]:
        enqueue_on_commit(tasks.find_out, pk)
    for pk in held.filter(created__lt=now - NUDGE).values_list("pk", flat=True)[:BATCH]:
        enqueue_on_commit(tasks.send_purchase, pk)
    cancelling = Activation.objects.filter(
        state=ActivationState.CANCELLING, cancel_asked_at__lt=now - NUDGE
    )
    for pk in cancelling.values_list("pk", flat=True)[:BATCH]:
        enqueue_on_commit(tasks.send_cancel, pk)
    leases = Lease.objects.filter(state=LeaseState.CANCELLING, cancel_asked_at__lt=now - NUDGE)
    for pk in leases.values_list("pk", flat=True)[:BATCH]:
        enqueue_on_commit(tasks.send_lease_cancel, pk)


def _too_old(now: datetime) -> Q:
    """Held for longer than a buyer would expect; in a queue that is shown, more patience is due."""
    waits = Q(reason__in=WAITING_REASONS)
    patience = timedelta(seconds=settings.HELD_SECONDS)
    queue_patience = timedelta(seconds=settings.QUEUE_SECONDS)
    return (~waits & Q(created__lt=now - patience)) | (waits & Q(created__lt=now - queue_patience))


def _one(change: Callable[[Purchase], None], purchase: Purchase) -> None:
    try:
        change(purchase)
    except Exception:
        logger.exception("sweep: purchase %s", purchase.pk)


def _read_answer(purchase: Purchase) -> None:
    """Its worker died or stalled when it had kept the answer, which may say what became of it."""
    sending.settle_by_kept_answer(purchase_id=purchase.pk)


def _orphan(purchase: Purchase) -> None:
    """Its worker died with the send begun: nobody knows, so it is never sent again."""
    with transaction.atomic():
        journal.move(
            purchase,
            PurchaseState.UNKNOWN,
            reason=WORKER_DIED,
            by=BY,
            only_if={"claim": purchase.claim, "claim_until__lt": timezone.now()},
            look_again_at=unknown.when_to_look(purchase),
        )


def _give_up(purchase: Purchase) -> None:
    """Too long since the click: a number now would come as a surprise."""
    with transaction.atomic():
        if journal.move(
            purchase,
            PurchaseState.ABANDONED,
            reason=purchase.reason or "too_late",
            by=BY,
            ended_at=timezone.now(),
        ):
            ledger.release(purchase)
