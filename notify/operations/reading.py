"""Marking notifications as read, and choosing which of them come by mail."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, User
from live import bus
from notify.models import Kind, Notification, Preference
from notify.models.notification import NEVER_MAILED
from notify.operations.telling import topic_of


def mark_read(*, membership: Membership, up_to: int, only: bool = False) -> int:
    """Mark the member's notifications up to the primary key ``up_to`` (``only``: that one) as read.

    Up to, and not all: what came since the page was drawn nobody has seen. Returns how many were.
    """
    mine = Notification.objects.of(membership).unread()
    chosen = mine.filter(pk=up_to) if only else mine.filter(pk__lte=up_to)
    with transaction.atomic():
        marked = chosen.update(read_at=timezone.now())
        if marked:
            bus.publish(team_id=membership.team_id, topic=topic_of(membership.user_id))
    return marked


@transaction.atomic
def choose_mails(*, user: User, kinds: Collection[str]) -> None:
    """Have notifications of ``kinds`` come by mail too, and no others."""
    rows = [
        Preference(user=user, kind=kind, mail=kind in kinds)
        for kind in Kind
        if kind not in NEVER_MAILED
    ]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=("user", "kind"), update_fields=("mail",)
    )
