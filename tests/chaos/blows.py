"""What is done to the site meanwhile: kills, flushes and restarts, at random moments of the trade."""

import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tests.chaos.stage import Stage
from tests.chaos.traffic import Buyers

FIRST, LAST = 0.05, 0.9  # of the purchases: something is bought before the first and after the last


@dataclass(frozen=True)
class Blow:
    """Something that was done to the site, and the moment when it was done."""

    kind: str
    at: datetime


class Blows(threading.Thread):
    """Strikes ``counts[kind]`` times, each time when a certain number of purchases has been asked for.

    So the blows are spread over all the trade, however fast the machine is; and while the site does
    not recover from one, buyers wait and the next does not come.
    """

    def __init__(
        self, stage: Stage, buyers: Buyers, counts: dict[str, int], chance: random.Random
    ) -> None:
        super().__init__(name="blows", daemon=True)
        self.struck: list[Blow] = []
        self._stage = stage
        self._buyers = buyers
        self._chance = chance
        self._ending = threading.Event()
        purchases = len(buyers.wishes)
        self._plan = sorted(
            (chance.uniform(FIRST, LAST) * purchases, kind)
            for kind, count in counts.items()
            for _ in range(count)
        )
        self._kinds: dict[str, Callable[[], object]] = {
            "worker": self._kill_worker,
            "redis": self._kill_redis,
            "flush": stage.flush_redis,
            "postgres": self._restart_postgres,
        }

    def run(self) -> None:
        for due, kind in self._plan:
            while self._buyers.asked < due:
                if self._ending.wait(0.05):
                    return
            at = timezone.now()
            self._kinds[kind]()
            self.struck.append(Blow(kind, at))

    def end(self) -> None:
        """Strike no more."""
        self._ending.set()
        if self.is_alive():
            self.join()

    def _kill_worker(self) -> None:
        """Of the workers and pollers one: with its pool, without it, or one process of the pool."""
        self._until_struck(
            lambda: self._chance.choice(
                (
                    lambda part: part.kill(whole_group=True),
                    lambda part: part.kill(whole_group=False),
                    lambda part: part.kill_pool_process(self._chance),
                )
            )(self._chance.choice(self._stage.workers))
        )

    def _kill_redis(self) -> None:
        self._until_struck(lambda: self._stage.valkey.kill(whole_group=True))

    def _restart_postgres(self) -> None:
        """Clients are sent away, or it crashes."""
        self._stage.restart_database(self._chance.choice((signal.SIGINT, signal.SIGQUIT)))

    def _until_struck(self, strike: Callable[[], bool]) -> None:
        """A part that is being started again cannot be killed: another one is, or it a moment later."""
        while not strike():
            time.sleep(0.1)
