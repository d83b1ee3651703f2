"""A real Valkey for a test session."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from core.valkey import server_command, socket_url


@contextmanager
def running_valkey(folder: Path) -> Iterator[str]:
    """A server on `folder`/valkey.sock; yields its address once it answers."""
    socket = folder / "valkey.sock"
    with (folder / "valkey.log").open("wb") as log:
        server = subprocess.Popen(server_command(socket), stdout=log, stderr=log)
    try:
        wait_until_it_answers(server, socket_url(socket))
        yield socket_url(socket)
    finally:
        server.kill()
        server.wait()


def wait_until_it_answers(server: subprocess.Popen[bytes], url: str) -> None:
    client = redis.Redis.from_url(url)
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return client.close()
