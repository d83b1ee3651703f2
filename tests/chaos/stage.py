"""The site as processes of its own that can be killed: databases, workers, pollers and beat.

Unlike the supervisor of ``manage.py up`` it never loses patience with a part that dies again and
again: dying is what its parts are here for.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import redis

from core.supervisor import reaper, stack
from core.valkey import server_command, socket_url
from sandbox.server import Sandbox
from tests.plugins.postgres import Postgres
from tests.plugins.valkey import wait_until_it_answers

REPLACED_AFTER = 0.5  # seconds until a supervisor starts a part again
SHARDS = 2
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "SITE_URL": "http://127.0.0.1:8000",
    "SECRET_KEY": "k" * 50,
    **dict.fromkeys(("TOKEN_KEYS", "AUDIT_KEYS"), f"k1:{'A' * 43}="),
    "DEMO": "0",
    "CELERY_SKIP_CHECKS": "1",
    "LOG_LEVEL": "WARNING",
    "POLL_SHARDS": str(SHARDS),
    # The shortest that the settings allow, so that a run ends in minutes.
    "SMSBUS_DEADLINE": "10",
    "PURCHASE_CLAIM_SECONDS": "30",
    "UNKNOWN_QUIET_SECONDS": "3",
    "POLL_SLICE_SECONDS": "5",
    # Nobody is surprised by a number that comes late, and the offers are written once.
    "HELD_SECONDS": "3600",
    "CATALOG_REFRESH_SECONDS": "86400",
}


@dataclass
class Part:
    """A process that leads a group of its own and is started again whenever it dies."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    died_at: float | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.died_at = None

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self, *, whole_group: bool) -> bool:
        """kill -9 its leader; its pool processes as well, or they are left to end by themselves."""
        if self.process is None or not self.runs:
            return False
        with suppress(ProcessLookupError):
            (os.killpg if whole_group else os.kill)(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return True

    def kill_pool_process(self, chance: random.Random) -> bool:
        """kill -9 one of the processes that do its work; False where there is none."""
        pool = self._pool()
        if pool:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(pool), signal.SIGKILL)
        return bool(pool)

    def _pool(self) -> list[int]:
        if self.process is None or not self.runs:
            return []
        columns = ["ps", "-A", "-o", "pid=,ppid="]
        table = subprocess.run(columns, capture_output=True, text=True, check=True).stdout
        pairs = [tuple(map(int, line.split())) for line in table.splitlines()]
        return sorted(pid for pid, parent in pairs if parent == self.process.pid)


class Stage(threading.Thread):
    """Everything that runs. ``folder`` holds sockets and the database, ``logs`` the logs.

    The thread is what a supervisor does: it starts again what has died.
    """

    def __init__(
        self, folder: Path, logs: Path, database: Postgres | None, sandbox: Sandbox
    ) -> None:
        super().__init__(name="stage", daemon=True)
        self.folder = folder
        self.database = database
        self.sandbox = sandbox
        self.socket = folder / "valkey.sock"
        self.valkey = Part("valkey", server_command(self.socket), logs / "valkey.log")
        worker, poller, beat = (part.command for part in stack.workers(SHARDS, {}))
        schedule = ["--schedule", str(folder / "beat-schedule")]
        self.beat = Part("beat", [*beat, *schedule], logs / "beat.log")
        # Two of each, as on a site that wants to survive the death of a machine.
        self.workers = [
            Part(f"{name}{n}", _named(command, n), logs / f"{name}{n}.log")
            for n in (1, 2)
            for name, command in (("worker", worker), ("poller", poller))
        ]
        self._ending = threading.Event()
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", reaper.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._tell_reaper(f"rm {folder}")

    def environment(self) -> dict[str, str]:
        """What the processes, and this one, need to know."""
        sqlite = f"sqlite:///{self.folder}/site.sqlite3"
        return SETTINGS | {
            "BUSSTOP_DATA": str(self.folder),
            "DATABASE_URL": self.database.url if self.database else sqlite,
            "REDIS_URL": socket_url(self.socket),
            "SMSBUS_API_URL": self.sandbox.api_url,
            "SMSBUS_RENT_URL": self.sandbox.rent_url,
        }

    def start_databases(self) -> None:
        self._start(self.valkey)
        assert self.valkey.process
        wait_until_it_answers(self.valkey.process, socket_url(self.socket))
        if self.database:
            self.database.start()
            self._tell_reaper(f"rm {self.database.folder}")
            self._tell_reaper(f"+{self.database.process.pid}")

    def restart_database(self, number: int) -> None:
        """End PostgreSQL by a signal and start it again at once."""
        if self.database:
            self._tell_reaper(f"-{self.database.process.pid}")
            self.database.stop(number)
            self.database.start()
            self._tell_reaper(f"+{self.database.process.pid}")

    def flush_redis(self) -> None:
        """Take everything out of Redis; nothing where it is away just now."""
        with (
            suppress(redis.ConnectionError),
            redis.Redis.from_url(socket_url(self.socket)) as server,
        ):
            server.flushall()

    def run(self) -> None:
        """Start again what has died, a moment later, as every supervisor does."""
        while not self._ending.wait(0.1):
            for part in (self.valkey, self.beat, *self.workers):
                if part.runs:
                    continue
                if part.died_at is None:
                    part.died_at = time.monotonic() - (0 if part.process else REPLACED_AFTER)
                if time.monotonic() - part.died_at >= REPLACED_AFTER:
                    self._start(part)

    def stop(self) -> None:
        """End everything; the reaper does so too when this process is killed."""
        self._ending.set()
        if self.is_alive():
            self.join()
        if self._reaper.stdin:
            self._reaper.stdin.close()
        self._reaper.wait()

    def _start(self, part: Part) -> None:
        part.start()
        if part.process:
            # Groups stay listed until the end: pool processes may outlive their leader.
            self._tell_reaper(f"+{part.process.pid}")

    def _tell_reaper(self, line: str) -> None:
        if self._reaper.stdin:
            self._reaper.stdin.write(f"{line}\n".encode())
            self._reaper.stdin.flush()


def _named(command: list[str], number: int) -> list[str]:
    return [word.replace("@%h", f"{number}@%h") for word in command]


@contextmanager
def built_stage(database: str, sandbox: Sandbox, logs: Path | None = None) -> Iterator[Stage]:
    """A stage with its databases running and this process's environment set; ended afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="busstop-chaos-", dir="/tmp"))
    server = None
    if database == "postgres":
        # Unlike in tests a server dies here: what it has confirmed must survive that.
        server = Postgres(
            Path(tempfile.mkdtemp(prefix="busstop-pg-", dir="/tmp")),
            synchronous_commit="on",
            full_page_writes="on",
        )
    if logs:
        logs.mkdir(parents=True, exist_ok=True)
    stage = Stage(folder, logs or folder, server, sandbox)
    try:
        stage.start_databases()
        os.environ |= stage.environment()
        yield stage
    finally:
        stage.stop()
        shutil.rmtree(folder, ignore_errors=True)
