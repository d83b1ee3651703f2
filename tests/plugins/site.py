"""The whole site, started as a person would start it, on data of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
# What tests.settings set for this process would reach the site otherwise.
OURS = re.compile(
    r"^(BUSSTOP_DATA|SITE_URL|ALLOWED_HOSTS|SECRET_KEY|TOKEN_KEYS|AUDIT_KEYS|DATABASE_URL|REDIS_URL|SMSBUS_\w+"
    r"|DEMO|LOG_LEVEL|DJANGO_SETTINGS_MODULE|PYTEST_\w+)$"
)

# Seconds. A start takes ten, but two cores may be running everything else at the same time.
PATIENCE = 180


class Site:
    """A running site. `output` is what its terminal shows so far."""

    def __init__(self, data: Path, port: int, **env: str) -> None:
        self.data = data
        self.database_url = env.get("DATABASE_URL", f"sqlite:///{data}/busstop.sqlite3")
        clean = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core.supervisor"],
            cwd=PROJECT,
            env={
                **clean,
                "BUSSTOP_DATA": str(data),
                "TMPDIR": str(data),
                "PORT": str(port),
                **env,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        return self.wait_for(r"Busstop is at (\S+)")

    @property
    def sandbox_url(self) -> str:
        """Where tests deliver SMS by hand: see sandbox/README.md."""
        log = (self.data / "log" / "sandbox.log").read_text()
        return re.findall(r"sandbox listening on (\S+)", log)[-1]

    def wait_for(self, pattern: str, seconds: float = PATIENCE) -> str:
        """The first group of `pattern` as soon as the terminal shows it."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.output)):
            assert self.process.poll() is None or self.reader.is_alive(), self.output
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.output}"
            time.sleep(0.05)
        return found.group(found.lastindex or 0)

    def wait_for_log(self, part: str, pattern: str, seconds: float = PATIENCE) -> None:
        """Until the log of a part matches."""
        log = self.data / "log" / f"{part}.log"
        deadline = time.monotonic() + seconds
        while not (log.exists() and re.search(pattern, log.read_text(errors="replace"))):
            assert time.monotonic() < deadline, f"no {pattern!r} in {log}\n{self.output}"
            time.sleep(0.05)

    def stop(self, seconds: float = 30) -> int:
        """One Ctrl-C; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(seconds)
        self.reader.join(5)
        return code

    def _read(self) -> None:
        if self.process.stdout:
            self.lines.extend(line.rstrip("\n") for line in self.process.stdout)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_site(**env: str) -> Iterator[Site]:
    """A site with its address printed, on the session's kind of database; ended afterwards."""
    data = Path(tempfile.mkdtemp(prefix="busstop-", dir="/tmp"))
    if server := os.environ.get("TEST_DATABASE_URL"):
        name = f"site_{data.name.replace('-', '_').lower()}"
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        keys = {"SECRET_KEY": "k" * 50} | dict.fromkeys(
            ("TOKEN_KEYS", "AUDIT_KEYS"), f"k1:{'A' * 43}="
        )
        env = {"DATABASE_URL": server.replace("/postgres?", f"/{name}?"), **keys, **env}
    site = Site(data, free_port(), **{"DEMO_SMS_SECONDS": "1", **env})
    try:
        site.wait_for("Busstop is at")
        yield site
    finally:
        try:
            site.stop()
        finally:
            if site.process.poll() is None:
                site.process.kill()
            shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The whole site with its sandbox, whose SMS come after about a second; shared by the tests."""
    with running_site() as running:
        yield running
