"""The Celery application and what beat starts when.

Queues: `buy` (one purchase each), `poll` (the poller's shards, long slices), `default` (the rest).
"""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_process_init, worker_ready
from django.conf import settings

from core.health.reporter import EVERY_SECONDS
from core.lifeline import outlive_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

HEARTBEAT = "core.tasks.heartbeat"

app = Celery("busstop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def schedule(sender: Celery, **_: Any) -> None:
    """Fill in the beat schedule: not at import, when the settings are still being read."""
    every = {
        "catalog.tasks.refresh_catalogue": settings.CATALOG_REFRESH_SECONDS,
        "rentals.tasks.sweep": 3,
        "rentals.tasks.watch_pollers": 2,
        "rentals.tasks.read_all_inboxes": settings.LEASE_REFRESH_SECONDS,
        "rentals.tasks.read_all_leases": 600,
        "rentals.tasks.remove_texts": 600,
        "accounts.tasks.refresh_balances": 300,
        "reports.tasks.sweep_exports": 60,
        "notify.tasks.sweep": 10,
        "notify.tasks.remind_of_leases": 600,
    }
    heartbeats = {
        f"heartbeat of {queue}": {
            "task": HEARTBEAT,
            "args": (queue,),
            "schedule": EVERY_SECONDS,
            "options": {"queue": queue, "expires": EVERY_SECONDS},
        }
        for queue in ("buy", "default")
    }
    # `expires`: after a pause (no worker, no Redis) one run of each is enough.
    sender.conf.beat_schedule = {
        task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
        for task, seconds in every.items()
    }
    sender.conf.beat_schedule |= heartbeats | {
        "clear old sessions": {
            "task": "config.celery.clear_sessions",
            "schedule": crontab(hour="3", minute="17"),
        },
        "remove old notifications": {
            "task": "notify.tasks.remove_old",
            "schedule": crontab(hour="3", minute="47"),
        },
        "thin the price history": {
            "task": "catalog.tasks.thin_history",
            "schedule": crontab(hour="3", minute="37"),
        },
    }


@app.task
def clear_sessions() -> None:
    """Delete the sessions that ran out."""
    from django.core.management import call_command

    call_command("clearsessions")


@worker_ready.connect
def start_pollers(sender: Any, **_: Any) -> None:
    """Have a new poller polling at once, not after beat's next round."""
    if "poll" in sender.app.amqp.queues.consume_from:
        sender.app.send_task("rentals.tasks.watch_pollers")


@worker_process_init.connect
def end_after_the_worker(**_: Any) -> None:
    """Let a pool process finish a purchase when its worker was killed, and end then for certain."""
    outlive_parent(settings.SMSBUS_DEADLINE + 5)


@setup_logging.connect
def use_django_logging(**_: Any) -> None:
    """Keep Celery from installing handlers of its own, which would not redact."""
    logging.config.dictConfig(settings.LOGGING)
