"""Outlives the supervisor just long enough to leave nothing behind.

The supervisor holds the other end of this process's standard input. When it closes, for whatever
reason, kill -9 included, every process group still registered is asked to end, killed after a grace,
and the temporary folder is removed. Lines: `+PGID`, `-PGID`, `rm PATH`.

Run as a file of its own with `python -I -S`: nothing but the standard library, started in a session
of its own, so that no Ctrl-C reaches it.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_SECONDS = 4.0


def follow(lines: Iterable[str]) -> tuple[set[int], list[str]]:
    """Read until the supervisor is gone; returns the groups and folders that it left."""
    groups: set[int] = set()
    folders: list[str] = []
    for line in lines:
        what = line.rstrip("\n")
        if what.startswith("+"):
            groups.add(int(what[1:]))
        elif what.startswith("-"):
            groups.discard(int(what[1:]))
        elif what.startswith("rm "):
            folders.append(what[3:])
    return groups, folders


def send(group: int, number: int) -> bool:
    """Signal a whole process group; False when it has no process any more."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # macOS says so of a group of zombies
    return True


def ask_to_end(group: int) -> None:
    """Signal the leader only: what the others are doing for it, a purchase say, they may finish."""
    if send(group, 0):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(group, signal.SIGTERM)


def end(groups: set[int]) -> None:
    """Ask the groups to end, then kill those that are still there."""
    for group in groups:
        ask_to_end(group)
    deadline = time.monotonic() + GRACE_SECONDS
    while groups and time.monotonic() < deadline:
        groups = {group for group in groups if send(group, 0)}
        time.sleep(0.05)
    for group in groups:
        send(group, signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, folders = follow(sys.stdin)
    end(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
