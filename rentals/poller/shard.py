"""Who polls which share of the numbers: leases that run out, and the queue of slices.

Each shard has one row. A poller takes its lease by compare-and-swap and renews it every few
seconds; a poller that died is noticed when its lease has run out. ``queued_at`` says that a slice
waits in the queue: it is set by whoever enqueues one and cleared by the slice that starts, so that
a shard never has two chains of slices. All times are the database's own, so that the machines'
clocks do not matter.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from core.health.store import process_name
from rentals.models import PollShard

TASK = "rentals.tasks.poll_shard"
LEASE = timedelta(seconds=6)
RENEW_SECONDS = 2.0
# A slice that did not start within this time is taken for lost (and expires in the queue).
QUEUE_PATIENCE = timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a poller writes at each renewal: for the admin and for alarms."""

    watching: int = 0
    polls: int = 0
    gap_p50_ratio: float | None = None
    gap_p99_ratio: float | None = None
    late_p50: float | None = None
    late_p99: float | None = None


def take(number: int, holder: UUID) -> bool:
    """Take the lease of a shard, or take it up again; False while somebody else holds it."""
    return bool(
        PollShard.objects.filter(_free() | Q(holder=holder), number=number).update(
            holder=holder, held_by=process_name(), lease_until=Now() + LEASE, queued_at=None
        )
    )


def renew(number: int, holder: UUID, figures: Figures) -> bool:
    """Keep the lease, also one that ran out if nobody took it; False when somebody did."""
    return bool(
        PollShard.objects.filter(number=number, holder=holder).update(
            lease_until=Now() + LEASE,
            **asdict(figures) | {"polls": F("polls") + figures.polls},
        )
    )


def release(number: int, holder: UUID) -> bool:
    """End the lease now; True when the caller is to enqueue the next slice.

    False when the lease is another's, or the watchdog has a slice in the queue already.
    """
    mine = PollShard.objects.filter(number=number, holder=holder)
    if mine.filter(queued_at=None).update(lease_until=Now(), queued_at=Now()):
        return True
    mine.update(lease_until=Now())
    return False


def enqueue(number: int) -> None:
    """Put a slice in the queue. Raises what the broker raises."""
    current_app.send_task(TASK, args=(number,), expires=QUEUE_PATIENCE.total_seconds(), retry=False)


def watch() -> list[int]:
    """Start the pollers of shards that nobody holds; returns which. Beat runs it every 2 seconds.

    It may run twice at a time: each slice is claimed by compare-and-swap before it is enqueued.
    """
    shards = settings.POLL_SHARDS
    if PollShard.objects.filter(number__lt=shards).count() < shards:
        rows = [PollShard(number=number) for number in range(shards)]
        PollShard.objects.bulk_create(rows, ignore_conflicts=True)
    unqueued = Q(queued_at=None) | Q(queued_at__lte=Now() - QUEUE_PATIENCE)
    abandoned = PollShard.objects.filter(_free(), unqueued, number__lt=shards)
    started = []
    for number in abandoned.order_by("number").values_list("number", flat=True):
        if abandoned.filter(number=number).update(queued_at=Now()):
            enqueue(number)
            started.append(number)
    return started


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=Now())
