"""A process that must not outlive its parent, or not for long."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""
CHILD = """
import time
from core.lifeline import die_with_parent, outlive_parent
{call}
print("ready", flush=True)
while True:
    time.sleep(60)
"""


def kill_the_parent_of(call: str) -> int:
    """Start a child that makes `call`, kill its parent, and return the child's process id."""
    script = PARENT.format(child=CHILD.format(call=call))
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    return child


def lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def seconds_until_it_ends(pid: int) -> float:
    began = time.monotonic()
    while lives(pid):
        assert time.monotonic() - began < 10
        time.sleep(0.02)
    return time.monotonic() - began


def test_it_dies_with_its_parent() -> None:
    assert seconds_until_it_ends(kill_the_parent_of("die_with_parent()")) < 5


def test_it_has_its_seconds_after_its_parent_and_no_more() -> None:
    child = kill_the_parent_of("outlive_parent(1)")

    assert lives(child)
    assert seconds_until_it_ends(child) > 0.5
