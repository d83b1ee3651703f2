"""One part of the site as a running process, with its output and its log file."""

import os
import re
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.lifeline import die_with_parent

LAST_LINES = 15
LOG_BYTES = 5_000_000


@dataclass(frozen=True)
class Part:
    """What to run and how to end it. `grace` is in seconds, from the stop signal to the kill."""

    name: str
    command: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""  # a pattern in its output that says it is up
    stop_signal: int = signal.SIGTERM
    grace: float = 5.0
    needed_by_others: bool = False  # started first, stopped last
    chatty: bool = False  # its warnings are for administrators: the log only


class Child:
    """A started part. Its process leads a group of its own, which holds whatever it starts."""

    def __init__(self, part: Part, log_folder: Path) -> None:
        self.part = part
        self.ready: re.Match[str] | None = None
        self.started = time.monotonic()
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._unfinished = b""
        self._log = open_log(log_folder / f"{part.name}.log")
        self.process = subprocess.Popen(
            part.command,
            env={**os.environ, **part.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Linux kills it with the supervisor, even if the reaper dies as well. Not asks to end: a
            # Celery worker whose Redis goes at the same moment may never get there. Safe here,
            # because the supervisor has one thread.
            preexec_fn=die_with_parent,
        )
        if self.process.stdout is None:  # pragma: no cover (asked for above)
            raise RuntimeError("no pipe")
        self.output: IO[bytes] = self.process.stdout
        os.set_blocking(self.output.fileno(), False)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def age(self) -> float:
        return time.monotonic() - self.started

    def read(self) -> tuple[list[str], bool]:
        """The whole lines that have come, and whether more can come."""
        try:
            data = os.read(self.output.fileno(), 65536)
        except BlockingIOError:
            return [], True
        self._log.write(data)
        self._log.flush()
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > 65536:
            lines, self._unfinished = [*lines, self._unfinished], b""
        return [self._take(line) for line in lines], bool(data)

    def _take(self, line: bytes) -> str:
        text = line.decode(errors="replace").rstrip()
        self.last_lines.append(text)
        if not self.ready and self.part.ready:
            self.ready = re.search(self.part.ready, text)
        return text

    def signal_leader(self, number: int) -> None:
        """Signal the part itself: it looks after its own children."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """Kill whatever is left of it, grandchildren too."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self.process.wait()
        self.output.close()
        self._log.close()


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; one that has grown large makes room first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "wb")
