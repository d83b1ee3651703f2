"""Waking a worker. The database is the queue: what is lost here, a sweep finds again."""

import logging
from functools import partial
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue_on_commit(task: Task, *args: Any, countdown: float = 0) -> None:
    """Call ``task`` with ``args`` in a worker, ``countdown`` seconds after the commit.

    A broker that is down is logged and never raised: the row is committed, the sweep of its app
    enqueues it again within seconds of the broker's return.
    """
    transaction.on_commit(partial(_send, task, args, countdown))


def _send(task: Task, args: tuple[Any, ...], countdown: float) -> None:
    try:
        task.apply_async(args=args, countdown=countdown, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("%s%s waits for the sweep: %s", task.name, args, type(error).__name__)
