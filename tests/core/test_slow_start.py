"""A machine that is busy starts a pool process late, and not never."""

import time

import psutil
import pytest

from tests.plugins import slow_start
from tests.plugins.site import PATIENCE
from tests.plugins.workers import Worker, environment


@pytest.mark.django_db(transaction=True)
def test_a_pool_process_that_starts_slowly_is_not_killed_for_it(valkey: str) -> None:
    env = environment(valkey, "http://127.0.0.1:9", "http://127.0.0.1:9")
    worker = Worker("buy", 1, env, include=slow_start.__name__)
    try:
        worker.wait_until_ready()
        [first] = psutil.Process(worker.process.pid).children()
        first.kill()
        second = next_of(worker, first)
        time.sleep(slow_start.SECONDS)
        assert second.is_running(), worker.output
        assert second.status() != psutil.STATUS_ZOMBIE, worker.output
    finally:
        worker.kill()
        worker.log.unlink()


def next_of(worker: Worker, killed: psutil.Process) -> psutil.Process:
    """The process that takes its place."""
    deadline = time.monotonic() + PATIENCE
    while True:
        for process in psutil.Process(worker.process.pid).children():
            if process.pid != killed.pid:
                return process
        assert time.monotonic() < deadline, worker.output
        time.sleep(0.05)
