"""Notifications do not pile up."""

from datetime import datetime, timedelta

from notify.models import Notification

KEPT = timedelta(days=90)
BATCH = 1000


def remove_old(now: datetime) -> int:
    """Delete what was told more than ``KEPT`` ago, read or not, with its deliveries; return how many."""
    deleted = 0
    old = Notification.objects.filter(created__lt=now - KEPT).order_by("pk")
    while keys := list(old.values_list("pk", flat=True)[:BATCH]):
        Notification.objects.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted
