"""What Celery runs for notifications; each task may run twice."""

from celery import shared_task
from django.utils import timezone

from notify.operations import alerts, cleaning, delivering, outbox, reminders


@shared_task
def sweep() -> None:
    """Tell what happened, check the alerts, carry what is due; every few seconds."""
    outbox.read_events()
    reminders.tell_of_drift(timezone.now())
    alerts.check_alerts()
    delivering.sweep_deliveries()


@shared_task
def check_alerts() -> None:
    """Look whether an alert has come true: the catalogue was read."""
    alerts.check_alerts()


@shared_task
def deliver(delivery_id: int) -> None:
    """Try to send one mail."""
    delivering.deliver(delivery_id=delivery_id)


@shared_task
def remind_of_leases() -> None:
    """Tell which leases end soon."""
    reminders.remind_of_leases(timezone.now())


@shared_task
def remove_old() -> None:
    """Delete notifications that are older than they are kept."""
    cleaning.remove_old(timezone.now())
