"""Part of a worker whose pool processes take longer to start than Celery waits for them by default."""

import time
from typing import Any

from celery.signals import worker_process_init

SECONDS = 6.0


@worker_process_init.connect
def dawdle(**_: Any) -> None:
    """As on a machine whose processors are all busy."""
    time.sleep(SECONDS)
