"""The whole site in one process: `/live` on the event loop, the rest in threads under WSGI.

Django's own ASGI handler keeps a thread and a database connection for each open stream; this way
ten thousand streams cost neither.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.wsgi import application as django
from core.health.reporter import report_process
from live import hub
from live.stream import application as live

# Now rather than at the first request: it is faster then, and what is broken is seen at the start.
get_resolver().url_patterns  # noqa: B018

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

wsgi: Any = django  # two libraries, two types for the same protocol
pages: Any = WSGIMiddleware(wsgi, workers=16)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI application: one entry for HTTP and the lifespan events."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] == "/live":
        await live(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """Report this process from its start on; the stop has nothing to do."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            report_process("web", streams=hub.count_streams)
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
