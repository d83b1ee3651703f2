"""The stream as a process of its own, the way it runs in production."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import pytest

from live import tickets
from tests.live.listening import Page

SERVE = """
import sys, uvicorn
from live.stream import application
uvicorn.run(application, port=0, lifespan="off")
"""
NO_DATABASE = "postgres://nobody:nothing@127.0.0.1:9/none"


@pytest.fixture
def process(valkey: str) -> Iterator[subprocess.Popen[str]]:
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": NO_DATABASE,
        "REDIS_URL": valkey,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], env=environ, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


def port_of(log: IO[str]) -> int:
    for line in log:
        if found := re.search(r"running on http://127.0.0.1:(\d+)", line):
            return int(found[1])
    raise AssertionError("it did not start")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_needs_no_database_and_a_stop_does_not_wait_for_its_streams(
    process: subprocess.Popen[str], stop: signal.Signals
) -> None:
    assert process.stderr is not None
    port = port_of(process.stderr)
    pages = [Page(port, tickets.make(team_id=1, user_id=1)) for _ in range(5)]
    assert [page.next() for page in pages] == [("sync", "")] * 5
    process.send_signal(stop)
    assert [page.next() for page in pages] == [None] * 5
    process.wait(timeout=10)
    assert "Traceback" not in process.stderr.read()
