"""Texts do not stay for ever: after their team's time the SMS and the provider's raw answers go.

What stays: that an SMS came and when, a keyed hash of its code, the money, the timeline, statistics. The
answer of a purchase that is not settled stays too: while its outcome is in dispute it is the evidence.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import Action, Membership, Team
from rentals.models import Message, Purchase

logger = logging.getLogger(__name__)

BATCH = 500
MOST_BATCHES = 40  # of one run: the next one goes on where this one stopped


@transaction.atomic
def set_retention(*, actor: Membership, days: int) -> None:
    """Keep the texts of the actor's team for ``days`` from now on; those that are older go soon.

    Raises ``PermissionDenied`` where the actor is no owner or admin (any more).
    """
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    now = team.memberships.filter(user=actor.user_id).first()
    if now is None or not now.can_manage:
        raise PermissionDenied
    before, team.retention_days = team.retention_days, days
    if before == days:
        return
    team.save(update_fields=["retention_days"])
    record(
        action=Action.RETENTION_SET,
        team=team,
        actor=actor.user,
        obj=team,
        before={"days": before},
        after={"days": days},
    )


def count_due(team: Team, days: int) -> int:
    """How many texts of ``team`` are older than ``days``: what would be removed if it kept no more."""
    return team.messages.with_text().filter(received_at__lt=_days_ago(days)).count()


def remove_old_texts() -> int:
    """Remove what is older than its team keeps it; return how many texts and answers that were.

    In batches of one transaction each, so that a run that is killed loses at most one of them and the
    next goes on from there; at most ``MOST_BATCHES``. Two runs at once do no harm: who comes second
    finds the rows done.
    """
    removed = 0
    batches = 0
    for days in _times():
        for remove in (_remove_messages, _remove_answers):
            for count in _until_done(remove, _days_ago(days), days):
                removed, batches = removed + count, batches + 1
                if batches >= MOST_BATCHES:
                    logger.info("%s texts and answers removed, more to come", removed)
                    return removed
    if removed:
        logger.info("%s texts and answers removed", removed)
    return removed


def _times() -> list[int]:
    """The times that teams keep texts for, in days: a handful, however many teams there are."""
    times = Team.objects.order_by("retention_days").values_list("retention_days", flat=True)
    return list(times.distinct())


def _days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def _until_done(
    remove: Callable[[datetime, int], int], before: datetime, days: int
) -> Iterator[int]:
    count = BATCH
    while count == BATCH:
        count = remove(before, days)
        if count:
            yield count


def _remove_messages(before: datetime, days: int) -> int:
    due = Message.objects.with_text().filter(received_at__lt=before, team__retention_days=days)
    with transaction.atomic():
        locked = due.select_for_update(of=("self",), skip_locked=True)
        messages = list(locked.order_by("received_at", "pk")[:BATCH])
        for message in messages:
            message.remove_text()
        Message.objects.bulk_update(
            messages, ["text", "code", "code_hash", "digest", "text_removed_at"]
        )
    return len(messages)


def _remove_answers(before: datetime, days: int) -> int:
    due = Purchase.objects.with_answer().filter(settled_at__lt=before, team__retention_days=days)
    with transaction.atomic():
        locked = due.order_by("settled_at", "pk").select_for_update(of=("self",), skip_locked=True)
        found = list(locked.values_list("pk", flat=True)[:BATCH])
        Purchase.objects.filter(pk__in=found).update(
            answer_sealed=None, answer_removed_at=timezone.now()
        )
    return len(found)
