"""What Celery runs for nobody in particular."""

import time
from contextlib import suppress
from typing import Any

from celery import Task, shared_task
from celery.signals import before_task_publish

from core.health import store

HEARTBEAT = "core.tasks.heartbeat"
SENT_AT = "busstop_sent_at"


@shared_task(bind=True)
def heartbeat(self: Task, queue: str) -> None:
    """Write that a worker takes work from ``queue``, and how long this task has waited there."""
    sent_at = self.request.get(SENT_AT)
    waited = None if sent_at is None else max(0.0, time.time() - float(sent_at))
    store.beat(queue, waited=waited)


@before_task_publish.connect(sender=HEARTBEAT)
def on_heartbeat_sent(headers: dict[str, Any], **_: object) -> None:
    """Whoever sends a heartbeat is the clock, and alive: beat writes so itself."""
    headers[SENT_AT] = time.time()
    with suppress(store.Away):  # then the task will not come through either
        store.beat("beat")
