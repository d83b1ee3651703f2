"""What one open stream still has to tell its page."""

import asyncio
import random

MAX_PENDING = 64


def frame(event: str, data: str = "") -> bytes:
    """Return one server-sent event. Without a ``data`` line a browser would not report it."""
    return f"event: {event}\ndata: {data}\n\n".encode()


class Subscriber:
    """A bounded set of signals on their way to one page.

    Topics are idempotent, so the same one twice is one. More of them than ``MAX_PENDING``, because
    the reader is slow, become a single ``sync``: the page reads everything again, which is what
    that many topics would have come to. Belongs to one event loop; nothing in it blocks or waits
    but ``frames``.
    """

    __slots__ = ("_ended", "_notice", "_topics", "_wake", "lifetime", "team_id", "user_id")

    def __init__(self, *, team_id: int, user_id: int) -> None:
        self.team_id = team_id
        self.user_id = user_id
        self.lifetime: asyncio.Timeout | None = None
        self._topics: dict[str, None] = {}
        self._notice = ""
        self._ended = False
        self._wake = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many topics wait for the reader."""
        return len(self._topics)

    def signal(self, topic: str) -> None:
        """Tell the page that ``topic`` changed; a notice that waits says that already."""
        if self._notice:
            return
        self._topics[topic] = None
        if len(self._topics) > MAX_PENDING:
            self.notify("sync")
        self._wake.set()

    def notify(self, notice: str) -> None:
        """Say ``sync`` (read everything again) or ``lost`` (nothing comes through; wait)."""
        self._topics.clear()
        self._notice = notice
        self._wake.set()

    def ping(self) -> None:
        """Wake the stream: with nothing else to say it gives a sign of life."""
        self._wake.set()

    def end(self) -> None:
        """End the stream without another word."""
        self._ended = True
        self._wake.set()

    def end_within(self, seconds: float) -> None:
        """Bring the stream's renewal forward to a random moment in the next ``seconds``."""
        when = asyncio.get_running_loop().time() + random.uniform(0, seconds)  # noqa: S311
        if self.lifetime is not None and when < (self.lifetime.when() or 0):
            self.lifetime.reschedule(when)

    async def frames(self) -> bytes:
        """Wait for something to say and return it, encoded; empty when the stream is to end."""
        await self._wake.wait()
        self._wake.clear()
        if self._ended:
            return b""
        notice, topics = self._notice, self._topics
        self._notice, self._topics = "", {}
        if topics:
            return b"".join(frame("signal", topic) for topic in topics)
        return frame(notice or "ping")
