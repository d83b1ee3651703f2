"""A real server for the stream, and a page that listens to it."""

import asyncio
import http.client
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import uvicorn

from live import hub, stream, tickets
from live.hub import Hub


class StreamServer:
    """uvicorn with nothing but `/live` (or another application), in a thread of its own."""

    def __init__(self, application: Any = stream.application) -> None:
        config = uvicorn.Config(
            application, port=0, log_level="warning", lifespan="off", log_config=None
        )
        self.server = uvicorn.Server(config)
        self.loop: asyncio.AbstractEventLoop
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self.server.serve()

    def __enter__(self) -> "StreamServer":
        self.thread.start()
        eventually(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.call(lambda: hub._hubs[self.loop].close() if self.loop in hub._hubs else None)
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()

    def call(self, function: Callable[[], object]) -> object:
        """Run `function` in the server's loop and return what it returns."""

        async def run() -> object:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    @property
    def port(self) -> int:
        return self.server.servers[0].sockets[0].getsockname()[1]

    @property
    def hub(self) -> Hub:
        return hub._hubs[self.loop]

    def listen(self, *, team_id: int = 1, user_id: int = 1) -> "Page":
        """Open a stream and wait until it hears everything from now on."""
        page = Page(self.port, tickets.make(team_id=team_id, user_id=user_id))
        assert page.status == 200
        assert page.next() == ("sync", "")
        return page


class Page:
    """An EventSource of a kind: reads one event after the other."""

    def __init__(self, port: int, ticket: str, *, method: str = "GET") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self.connection.request(method, f"/live?ticket={quote(ticket)}")
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def next(self) -> tuple[str, str] | None:
        """The next event and its data, but for pings; None at the end of the stream."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            name, _, value = line.rstrip("\n").partition(":")
            if name:
                fields[name] = value.strip()
            elif fields.get("event") != "ping":
                return fields["event"], fields["data"]
            else:
                fields = {}
        return None

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def eventually(holds: Callable[[], object], seconds: float = 10) -> None:
    """Wait until `holds()`; fail after so many seconds."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        waiting.wait(0.02)
    assert holds()
