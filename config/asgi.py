"""The whole site in one process: `/live` on the event loop, the rest in threads under WSGI.

Django's own ASGI handler keeps a thread and a database connection for each open stream; this way
ten thousand streams cost neither.
"""

import os
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import Receive, Scope, Send

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.wsgi import application as django
from live.stream import application as live

pages: Any = WSGIMiddleware(django, workers=16)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application: one entry for HTTP and the lifespan events."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] == "/live":
        await live(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """Start and stop have nothing to do; the server only wants an answer."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
