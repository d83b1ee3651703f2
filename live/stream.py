"""The bare ASGI route `/live`: server-sent events for a page, without Django's request machinery.

Django's own handler keeps a thread and a database connection for each open response. Here a
stream is a coroutine: no thread, no database, no session; a signed ticket says what it may hear.

Events: `sync` (read everything again), `signal` (its data is the topic that changed), `lost`
(Redis is away; `sync` follows when it is back), `ping` (a sign of life), `renew` (come back at
once with a new ticket: the right to listen is looked at again every quarter of an hour).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from live import hub, tickets
from live.subscriber import Subscriber, frame

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STREAM_SECONDS = 15 * 60.0
FAREWELL_SECONDS = 5.0

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer `GET /live?ticket=…` with a stream.

    401 for a ticket that ran out, 403 for one that is forged or whose right was taken away since,
    429 for a user with too many streams, 503 while the server stops.
    """
    if scope["method"] != "GET":
        return await refuse(send, 405, "A stream is read with GET.", (b"allow", b"GET"))
    query = parse_qs(scope["query_string"].decode("ascii", "replace"))
    try:
        ticket = tickets.read(query.get("ticket", [""])[0])
        with hub.current().subscription(ticket) as subscriber:
            await stream(subscriber, receive, send)
    except tickets.ExpiredTicket:
        await refuse(send, 401, "This ticket has run out.")
    except tickets.InvalidTicket:
        await refuse(send, 403, "This is not a ticket.")
    except hub.Withdrawn:
        await refuse(send, 403, "This ticket was withdrawn.")
    except hub.TooManyStreams:
        await refuse(send, 429, "Too many streams are open.", (b"retry-after", b"30"))
    except hub.Closing:
        await refuse(send, 503, "The server is stopping.", (b"retry-after", b"1"))


async def stream(subscriber: Subscriber, receive: Receive, send: Send) -> None:
    """Send what the subscriber has to say until it ends, its time is up or the client is gone."""
    gone = asyncio.create_task(end_when_gone(subscriber, receive))
    # Spread, so that pages which came back together after a restart do not do so for ever.
    seconds = STREAM_SECONDS * random.uniform(0.9, 1)  # noqa: S311
    last_words = b""
    try:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        async with asyncio.timeout(seconds) as subscriber.lifetime:
            while frames := await subscriber.frames():
                # Waits while the client does not read; meanwhile what comes is merged.
                await send({"type": "http.response.body", "body": frames, "more_body": True})
    except TimeoutError:
        last_words = frame("renew")
    finally:
        gone.cancel()
    # A client that has not been reading will not read this either.
    with suppress(TimeoutError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await send({"type": "http.response.body", "body": last_words})


async def end_when_gone(subscriber: Subscriber, receive: Receive) -> None:
    """End the stream when the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
    subscriber.end()


async def refuse(send: Send, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
    """Answer with a status and a sentence; only people with a terminal see it."""
    common = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*common, *headers]})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
