"""Writes what polls found, in batches, and loses none of it while the database is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from django.db import Error as AnyDatabaseError

from rentals.operations.activation import Finding, Stored

logger = logging.getLogger(__name__)

BATCH = 200
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

Store = Callable[[Sequence[Finding]], Awaitable[Stored]]


class Outcome(Protocol):
    """Is told what came of a batch; None if nothing was stored."""

    def __call__(self, batch: Sequence[Finding], stored: Stored | None) -> None: ...


class Flusher:
    """Takes findings from the event loop and stores them, what came meanwhile as the next batch.

    With little to do each finding is written at once; under load a batch grows by itself. While the
    database is away the findings stay here, and are tried again after 0.1 s up to 5 s. A batch that
    fails for any other reason is forgotten: the provider still has those SMS, so the next polls
    find them again.
    """

    def __init__(self, store: Store, outcome: Outcome) -> None:
        self._store = store
        self._outcome = outcome
        self._findings: list[Finding] = []
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._findings)

    def waiting(self) -> set[int]:
        """The numbers with a finding that is not stored yet."""
        return {finding.activation_id for finding in self._findings}

    def add(self, finding: Finding) -> None:
        """Take a finding; it is kept until it is stored."""
        self._findings.append(finding)
        self._arrived.set()

    async def run(self) -> None:
        """Store what arrives, for ever."""
        pause = 0.0
        while True:
            await self._arrived.wait()
            await asyncio.sleep(pause)
            batch = self._findings[:BATCH]
            stored: Stored | None = None
            try:
                stored = await self._store(batch)
            except AnyDatabaseError as error:
                pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, pause * 2))
                logger.warning(
                    "%d findings wait for the database: %s", len(self), type(error).__name__
                )
                continue
            except Exception:
                logger.exception("findings not stored; the next polls will find them again")
            pause = 0.0
            del self._findings[: len(batch)]
            if not self._findings:
                self._arrived.clear()
            self._outcome(batch, stored)
