"""The Celery application and what beat starts when.

Queues: `buy` (one purchase each), `poll` (the poller's shards, long slices), `default` (the rest).
"""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

app = Celery("busstop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# `expires`: after a pause (no worker, no Redis) one run of each is enough, not all those missed.
app.conf.beat_schedule = {
    "refresh the catalogue": {
        "task": "catalog.tasks.refresh_catalogue",
        "schedule": settings.CATALOG_REFRESH_SECONDS,
        "options": {"expires": settings.CATALOG_REFRESH_SECONDS},
    },
    "sweep purchases and activations": {
        "task": "rentals.tasks.sweep",
        "schedule": 5,
        "options": {"expires": 5},
    },
    "restart pollers that died": {
        "task": "rentals.tasks.watch_pollers",
        "schedule": 5,
        "options": {"expires": 5},
    },
    "read the balances": {
        "task": "accounts.tasks.refresh_balances",
        "schedule": 300,
        "options": {"expires": 300},
    },
    "clear old sessions": {
        "task": "config.celery.clear_sessions",
        "schedule": crontab(hour=3, minute=17),
    },
}


@app.task
def clear_sessions() -> None:
    """Delete the sessions that ran out."""
    from django.core.management import call_command

    call_command("clearsessions")


@setup_logging.connect
def use_django_logging(**_: Any) -> None:
    """Keep Celery from installing handlers of its own, which would not redact."""
    logging.config.dictConfig(settings.LOGGING)
