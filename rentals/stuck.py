"""What waits, and what should never be there for long: each a query that the sweep keeps empty.

A row that stays in one of the ``stuck`` ones says that workers, the sweep or the pollers are not running,
or that a row fails again and again. Each has an index that holds open rows alone.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from rentals.models import Activation, Lease, Purchase
from rentals.models.purchase import PurchaseQuerySet
from rentals.operations.queueing import WAITING_REASONS
from rentals.states import ACTIVATION_OPEN, ActivationState, LeaseState, PurchaseState

SWEPT_WITHIN = timedelta(minutes=2)  # the sweep comes every few seconds
CANCELLED_WITHIN = timedelta(minutes=10)  # asked again every few seconds until it is answered
ENDED_WITHIN = timedelta(minutes=15)  # our clock's end of a number; the provider's may be later
ENDED = (
    *(PurchaseState.REFUSED, PurchaseState.ABANDONED),
    *(PurchaseState.NOT_BOUGHT, PurchaseState.LOST),
)


def queued_purchases() -> PurchaseQuerySet:
    """Held purchases that wait for a free slot, or for an unknown outcome on their account."""
    return Purchase.objects.filter(state=PurchaseState.HELD, reason__in=WAITING_REASONS)


def longest_held() -> timedelta:
    """How old a purchase that nobody sends can become while the sweep runs."""
    return timedelta(seconds=settings.HELD_SECONDS) + SWEPT_WITHIN


def longest_sent() -> timedelta:
    """How long one can be on its way while the sweep runs."""
    return timedelta(seconds=settings.PURCHASE_CLAIM_SECONDS) + SWEPT_WITHIN


def longest_queued() -> timedelta:
    """How old one that waits for a free slot can become while the sweep runs."""
    return timedelta(seconds=settings.QUEUE_SECONDS) + SWEPT_WITHIN


def stuck_purchases() -> PurchaseQuerySet:
    """Sending beyond the claim, held longer than a buyer waits, or ended with the money still held."""
    now = timezone.now()
    waits = Q(reason__in=WAITING_REASONS)
    held_too_long = ~waits & Q(created__lt=now - longest_held())
    queued_too_long = waits & Q(created__lt=now - longest_queued())
    return Purchase.objects.unsettled().filter(
        Q(state=PurchaseState.SENDING, claim_until__lt=now - SWEPT_WITHIN)
        | (Q(state=PurchaseState.HELD) & (held_too_long | queued_too_long))
        | Q(state__in=ENDED, ended_at__lt=now - SWEPT_WITHIN)
    )


def stuck_numbers() -> QuerySet[Activation]:
    """Numbers that are cancelling for too long, or still open long past their end."""
    now = timezone.now()
    return Activation.objects.watched().filter(
        Q(state=ActivationState.CANCELLING, cancel_asked_at__lt=now - CANCELLED_WITHIN)
        | Q(state__in=ACTIVATION_OPEN, expires_at__lt=now - ENDED_WITHIN)
    )


def stuck_leases() -> QuerySet[Lease]:
    """Leases that are cancelling for too long."""
    return Lease.objects.filter(
        state=LeaseState.CANCELLING, cancel_asked_at__lt=timezone.now() - CANCELLED_WITHIN
    )
