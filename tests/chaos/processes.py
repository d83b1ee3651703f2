"""The parts of a running site, as the operating system sees them."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from tests.plugins.site import Site

MARKS = {"worker": "worker@%h", "poller": "poller@%h", "valkey": "unixsocket"}


def leader(site: Site, part: str) -> int | None:
    """The process that leads a part; None while it is being started again."""
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in table.splitlines():
        pid, parent, command = line.split(None, 2)
        if int(parent) == site.process.pid and MARKS[part] in command:
            return int(pid)
    return None


def is_alive(pid: int) -> bool:
    """Whether it still runs; its parent may take seconds to notice that it does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.strip()[:1] not in ("", "Z")


def kill(site: Site, part: str) -> int:
    """kill -9 a part with all its processes; returns the id that its leader had."""
    pid = leader(site, part)
    assert pid, f"{part} does not run"
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return pid


def wait_for_another(site: Site, part: str, killed: int) -> None:
    """Until the supervisor has started a part again."""
    wait_until(lambda: leader(site, part) not in (None, killed), seconds=30)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    """Until something is so; fails with its figures when it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.1)
