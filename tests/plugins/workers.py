"""Real workers on the test database, for tests that need a process to kill."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from pytest_django import Settings

from tests.plugins.site import PROJECT

StartWorker = Callable[..., "Worker"]


class Worker:
    """A Celery process (with its pool) that works on `queues`; leads a process group of its own."""

    def __init__(
        self, queues: str, concurrency: int, env: dict[str, str], *, include: str = ""
    ) -> None:
        self.log = Path(tempfile.mkstemp(prefix="worker-", suffix=".log")[1])
        celery = [sys.executable, "-m", "celery", "--app", "config", "--quiet"]
        alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        options = ["--queues", queues, "--concurrency", str(concurrency)]
        options += ["--include", include] if include else []
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*celery, "worker", *alone, *options, "--hostname", f"{self.log.stem}@%h"],
                cwd=PROJECT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while " ready." not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """kill -9, the pool's processes too."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
        self.process.wait()


@pytest.fixture
def start_worker(settings: Settings, valkey: str, transactional_db: None) -> Iterator[StartWorker]:
    """Returns a function `(queues="buy,default,poll", concurrency=1, **env) -> Worker`.

    The worker sees the test's database, its Redis and the sandbox that the settings name now. All
    are killed at the end.
    """
    started: list[Worker] = []

    def start(queues: str = "buy,default,poll", concurrency: int = 1, **env: str) -> Worker:
        ours = environment(valkey, str(settings.SMSBUS_API_URL), str(settings.SMSBUS_RENT_URL))
        shards = {"POLL_SHARDS": str(settings.POLL_SHARDS)}
        worker = Worker(queues, concurrency, ours | shards | env)
        started.append(worker)
        worker.wait_until_ready()
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.log.unlink()


def environment(valkey: str, api_url: str, rent_url: str) -> dict[str, str]:
    """The environment of a process that works on the tests' database, Redis and provider."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": valkey,
        "SMSBUS_API_URL": api_url,
        "SMSBUS_RENT_URL": rent_url,
        "CELERY_SKIP_CHECKS": "1",
    }


def database_url() -> str:
    """The address of the database that the tests use now."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    name, user, host = (quote(str(chosen[key]), safe="") for key in ("NAME", "USER", "HOST"))
    return f"postgres://{user}@/{name}?host={host}"
