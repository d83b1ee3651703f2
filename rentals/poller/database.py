"""The thread in which a poller touches the ORM, so that its event loop never waits for a lock."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")


class Database:
    """Runs functions one after the other in a thread that keeps its own connection."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="poller-orm")

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Await ``function(...)``; raises what it raises. A broken connection is not used again."""

        def job() -> R:
            close_old_connections()
            try:
                return function(*args, **kwargs)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def close(self) -> None:
        """Close the connection and end the thread, after what it was told to do before."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown()
