"""A Redis that can be killed, and ears on its channels."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from core.valkey import server_command, socket_url
from tests.live.listening import StreamServer
from tests.plugins.valkey import wait_until_it_answers


class Ears:
    """Hears what is published from now on."""

    def __init__(self, url: str) -> None:
        self.pubsub = redis.Redis.from_url(url, decode_responses=True).pubsub()
        self.pubsub.psubscribe("busstop:live:*")
        while self.pubsub.get_message(timeout=5)["type"] != "psubscribe":  # type: ignore[index]
            pass

    def heard(self) -> list[tuple[str, str]]:
        """(channel, message) of all that came since the last call, without when rights ended."""
        found = []
        # A marker of our own: when it arrives, so has all that was published before it.
        redis.Redis(connection_pool=self.pubsub.connection_pool).publish("busstop:live:mark", "")
        while True:
            message = self.pubsub.get_message(timeout=5)
            assert message is not None
            if message["channel"] == "busstop:live:mark":
                return found
            found.append((message["channel"], message["data"].partition("@")[0]))


class Server:
    """A Valkey of one test's own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "s"
        self.url = socket_url(self.socket)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            server_command(self.socket), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until_it_answers(self.process, self.url)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def ears(valkey: str) -> Ears:
    return Ears(valkey)


@pytest.fixture
def own_valkey(settings: Settings) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="busstop-", dir="/tmp"))
    server = Server(folder)
    server.start()
    settings.REDIS_URL = server.url
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def streams() -> Iterator[StreamServer]:
    with StreamServer() as server:
        yield server
