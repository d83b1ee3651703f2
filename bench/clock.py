"""How long something takes on a machine with other work going on: the CPU it costs, not the time that passes.

Of this process, where SQLite works too, and of the one in which PostgreSQL serves it. A page that has a core
to itself takes that long and the time its disk does.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 3


def milliseconds(*acts: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The median cost of each act in milliseconds of CPU; one after the other in turn, warmed up first."""
    took: list[list[float]] = [[] for _ in acts]
    for act in acts:
        act()
    for _ in range(rounds):
        for place, act in enumerate(acts):
            began = cpu_seconds()
            act()
            took[place].append(cpu_seconds() - began)
    return [statistics.median(times) * 1000 for times in took]


def cpu_seconds() -> float:
    """The CPU used so far here and by the database's process for our connection."""
    return time.process_time() + _of_backend()


def _of_backend() -> float:
    from django.db import connection

    if connection.vendor == "sqlite":
        return 0.0
    connection.ensure_connection()
    # Nanoseconds on a core; one process does all of a query, so that none of it is missed.
    if not getattr(connection, "bench_alone", False):
        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
        connection.bench_alone = True  # type: ignore[attr-defined]
    pid = connection.connection.info.backend_pid
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
