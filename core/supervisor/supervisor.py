"""Start, restart, stop: one thread, one loop."""

import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from core.supervisor import reaper
from core.supervisor.child import Child, Part
from core.supervisor.screen import Screen

# Who dies this soon after its start is not getting better; so many times in a row end the run.
QUICK_SECONDS = 10.0
QUICK_DEATHS = 5
LONGEST_PAUSE = 30.0
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Failed(Exception):
    """The run cannot go on; the message says which part and shows its last lines."""


class Stopped(Exception):
    """Somebody asked for the end while something was being waited for."""


class Supervisor:
    """Holds the children. Use as a context manager: leaving it ends all of them.

    `folder` is temporary and removed with them. Signals are taken over, so it must be made in the
    main thread, and that thread must be the only one (see `core.lifeline`). `lock` is a
    file descriptor that stays open until the last child has ended, even without the supervisor.
    """

    def __init__(self, screen: Screen, log_folder: Path, folder: Path, lock: int) -> None:
        self.screen = screen
        self.log_folder = log_folder
        self.children: dict[str, Child] = {}
        self.pauses: dict[str, tuple[float, Part]] = {}  # name → (when to start it again, it)
        self.quick_deaths: Counter[str] = Counter()
        self.stops_asked = 0
        self.selector = selectors.DefaultSelector()
        self.waker, ear = socket.socketpair()
        for end in (self.waker, ear):
            end.setblocking(False)
        self.selector.register(ear, selectors.EVENT_READ, None)
        self.ear = ear
        self.reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", reaper.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[lock],
        )
        self._tell_reaper(f"rm {folder}")

    def __enter__(self) -> "Supervisor":
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, _note)
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()
        if self.reaper.stdin:
            with suppress(BrokenPipeError):
                self.reaper.stdin.close()
        self.reaper.wait()

    def start(self, part: Part) -> None:
        """Start a part; it is watched from now on."""
        child = Child(part, self.log_folder)
        self._tell_reaper(f"+{child.pid}")
        self.children[part.name] = child
        self.selector.register(child.output, selectors.EVENT_READ, child)

    def wait_ready(self, name: str, seconds: float = 30.0) -> str:
        """Wait until a part says that it is up; returns the matched words.

        Raises Failed when it dies first or takes too long, Stopped when somebody asks for the end.
        """
        child = self.children[name]
        deadline = time.monotonic() + seconds
        while not child.ready:
            if child.process.poll() is not None and not self._turn(0):
                raise Failed(self._obituary(child))
            if time.monotonic() > deadline:
                raise Failed(f"{name} did not start within {seconds:.0f} s.{tail(child)}")
            self._turn(min(1.0, deadline - time.monotonic()))
        return child.ready.group()

    def run(self, part: Part) -> None:
        """Run a part to its end. Raises Failed unless it ends well, and Stopped."""
        self.start(part)
        child = self.children[part.name]
        while child.process.poll() is None:
            self._turn(1.0)
        while self._turn(0):
            pass
        self._bury(child)
        if child.process.returncode:
            raise Failed(self._obituary(child))

    def fix(self, name: str, part: Part) -> None:
        """From its next start on, run a part differently (on the port that it was given, say)."""
        self.children[name].part = part

    def watch(self) -> None:
        """Keep everything running until somebody asks for the end (Stopped) or it is hopeless."""
        while True:
            for child in [c for c in self.children.values() if c.process.poll() is not None]:
                self._died(child)
            now = time.monotonic()
            for name, (due, part) in list(self.pauses.items()):
                if due <= now:
                    del self.pauses[name]
                    self.start(part)
            next_start = min((due for due, _ in self.pauses.values()), default=now + 60)
            self._turn(max(0.0, next_start - now))

    def stop(self) -> None:
        """End everything: first who needs the others, then those; a second Ctrl-C kills at once."""
        self.pauses.clear()
        asked = self.stops_asked
        for last in (False, True):
            going = [c for c in self.children.values() if c.part.needed_by_others is last]
            for child in going:
                child.signal_leader(child.part.stop_signal)
            self._wait_for_end(going, asked)

    def _wait_for_end(self, going: list[Child], asked: int) -> None:
        start = time.monotonic()
        told = False
        while going:
            waited = time.monotonic() - start
            for child in list(going):
                ended = child.process.poll() is not None
                if ended or waited > child.part.grace or self.stops_asked > asked:
                    self._bury(child)
                    going.remove(child)
            if going and waited > 3 and not told:
                told = True
                names = ", ".join(child.part.name for child in going)
                self.screen.say(f"Waiting for {names} to finish; Ctrl-C again kills.")
            if going:
                with suppress(Stopped):
                    self._turn(0.1)

    def _turn(self, seconds: float) -> int:
        """Wait for output, a signal or the time; returns how many lines came."""
        count = 0
        for key, _ in self.selector.select(seconds):
            child: Child | None = key.data
            if child is None:
                self._hear()
                continue
            lines, more = child.read()
            count += len(lines)
            if self.screen.verbose or not child.part.chatty:
                for line in lines:
                    self.screen.output(child.part.name, line)
            if not more:
                self.selector.unregister(child.output)
        return count

    def _hear(self) -> None:
        numbers = self.ear.recv(256)
        if STOP_SIGNALS.intersection(numbers):
            self.stops_asked += 1
            raise Stopped

    def _died(self, child: Child) -> None:
        while self._turn(0):
            pass
        self._bury(child)
        name = child.part.name
        self.quick_deaths[name] = self.quick_deaths[name] + 1 if child.age < QUICK_SECONDS else 1
        if self.quick_deaths[name] >= QUICK_DEATHS:
            raise Failed(f"{self._obituary(child)}\nThat was {QUICK_DEATHS} times in a row.")
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** (self.quick_deaths[name] - 1))
        self.screen.part(name, f"{how_it_ended(child)}; starting it again in {pause:g} s")
        self.pauses[name] = (time.monotonic() + pause, child.part)

    def _bury(self, child: Child) -> None:
        child.kill_group()
        if child.output in self.selector.get_map():
            self.selector.unregister(child.output)
        child.close()
        self.children.pop(child.part.name, None)
        self._tell_reaper(f"-{child.pid}")

    def _obituary(self, child: Child) -> str:
        return f"{child.part.name} {how_it_ended(child)}.{tail(child)}"

    def _tell_reaper(self, line: str) -> None:
        if self.reaper.stdin:
            with suppress(BrokenPipeError):  # it was killed: Linux still ends the children
                self.reaper.stdin.write(f"{line}\n".encode())
                self.reaper.stdin.flush()


def _note(number: int, frame: FrameType | None) -> None:
    """A handler must exist for the wake-up to be written; the loop reads which signal it was."""


def how_it_ended(child: Child) -> str:
    code = child.process.returncode
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def tail(child: Child) -> str:
    lines: Iterable[str] = child.last_lines or ["(it wrote nothing)"]
    return " Its last lines:\n" + "\n".join(f"    {line}" for line in lines)
