"""A thread of each process that writes what the process knows, every few seconds.

In the background, because neither a page nor the poller's event loop waits for a Redis that hangs;
and seldom, so that a poll costs no command of Redis.
"""

import logging
import os
import threading
from collections.abc import Callable

from core.health import calls, store

logger = logging.getLogger(__name__)

EVERY_SECONDS = 10.0

_thread: threading.Thread | None = None
_kind = ""
_gauges: dict[str, Callable[[], float]] = {}
_starting = threading.Lock()


def count_call(name: str, outcome: str, seconds: float | None) -> None:
    """Count a call to the provider (see ``smsbus.observing``); the first one starts the thread."""
    calls.count(name, outcome, seconds)
    if _thread is None:
        _start()


def report_process(kind: str, **gauges: Callable[[], float]) -> None:
    """From now on say that this process is alive, with what ``gauges`` return when they are asked."""
    global _kind
    _kind = kind
    _gauges.update(gauges)
    _start()


def write() -> None:
    """Write everything once; what cannot be written now waits for the next time."""
    counts = calls.take()
    try:
        if _kind:
            store.report(_kind, **{name: gauge() for name, gauge in _gauges.items()})
        if counts:
            store.add_calls(counts)
    except store.Away as error:
        calls.put_back(counts)
        logger.debug("nothing reported: %s", error)


def _start() -> None:
    global _thread
    with _starting:
        if _thread is None:
            _thread = threading.Thread(target=_run, name="health reporter", daemon=True)
            _thread.start()


def _run() -> None:
    pause = threading.Event()
    while True:
        write()
        pause.wait(EVERY_SECONDS)


def _start_anew() -> None:
    """A fork takes along no thread, and nothing that the parent is to report."""
    global _thread, _kind, _starting
    _thread, _kind, _starting = None, "", threading.Lock()
    _gauges.clear()
    calls.start_anew()


os.register_at_fork(after_in_child=_start_anew)
