"""The parts that the site is made of: do they answer, do they work, what waits for them."""

import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.health import store
from core.health.fact import Fact, Level, Sample
from core.health.reporter import EVERY_SECONDS
from rentals.health.saying import duration

QUEUES = ("buy", "default", "poll")
# A part that beats or reports every ten seconds may be late twice, and is dead after six times.
LATE, DEAD = 3 * EVERY_SECONDS, 6 * EVERY_SECONDS
LONG_WAIT, TOO_LONG_WAIT = 5.0, 60.0
LONG_QUEUE, TOO_LONG_QUEUE = 100, 1000


def database() -> list[Fact]:
    """Whether the database answers, and how soon."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    took = time.perf_counter() - began
    words = _("%(vendor)s answers within %(time)s.") % {
        "vendor": connection.vendor,
        "time": duration(took),
    }
    level = Level.of(took, warn=0.5, bad=5)
    return [Fact(_("Database"), level, words, samples=(Sample("database_seconds", took),))]


def redis() -> list[Fact]:
    """Whether Redis answers, and how soon."""
    began = time.perf_counter()
    store.ping()
    took = time.perf_counter() - began
    words = _("Redis answers within %(time)s.") % {"time": duration(took)}
    level = Level.of(took, warn=0.1, bad=1)
    return [Fact(_("Redis"), level, words, samples=(Sample("redis_seconds", took),))]


def web() -> list[Fact]:
    """The web processes that have reported lately, and the pages that listen to them."""
    now = time.time()
    alive = {
        name: int(row.get("streams", 0))
        for name, row in store.processes().items()
        if row["kind"] == "web" and now - row["at"] < LATE
    }
    samples = (
        Sample("web_processes", len(alive)),
        *(Sample("streams", count, (("process", name),)) for name, count in alive.items()),
    )
    title = _("Web processes")
    if not alive:
        words = _("None has reported in the last %(time)s.") % {"time": duration(LATE)}
        advice = _("Pages may work; look whether the process that answers /live is there.")
        return [Fact(title, Level.WARN, words, advice, samples)]
    words = ngettext("%(count)d process", "%(count)d processes", len(alive)) % {"count": len(alive)}
    open_pages = sum(alive.values())
    words += ": " + ngettext("%(count)d page listens", "%(count)d pages listen", open_pages) % {
        "count": open_pages
    }
    words += "".join(f" · {name}: {count}" for name, count in sorted(alive.items()))
    return [Fact(title, Level.OK, words, samples=samples)]


def heartbeats() -> list[Fact]:
    """When the clock and a worker of each queue were last heard of."""
    rows = store.heartbeats()
    return [
        _heartbeat(_("Clock (beat)"), "beat", rows, _("Look whether beat runs, and at its log.")),
        *(
            _heartbeat(
                _("Worker of the queue “%(queue)s”") % {"queue": queue},
                queue,
                rows,
                _("Look whether a worker of this queue runs, and at its log."),
            )
            for queue in QUEUES[:2]
        ),
    ]


def _heartbeat(title: str, part: str, rows: Mapping[str, Any], advice: str) -> Fact:
    row = rows.get(part)
    if row is None:
        words = _("Not heard of since Redis was started.")
        return Fact(title, Level.BAD, words, advice, (Sample("alive", 0, (("part", part),)),))
    age = max(0.0, time.time() - row["at"])
    waited = row.get("waited")
    level = Level.of(age, warn=LATE, bad=DEAD)
    words = _("Last heard of %(time)s ago.") % {"time": duration(age)}
    samples = [
        Sample("alive", float(age < DEAD), (("part", part),)),
        Sample("heartbeat_age_seconds", age, (("part", part),)),
    ]
    if waited is not None:
        words += " " + _("Its task had waited %(time)s in the queue.") % {"time": duration(waited)}
        level = max(level, Level.of(waited, warn=LONG_WAIT, bad=TOO_LONG_WAIT))
        samples.append(Sample("task_wait_seconds", waited, (("queue", part),)))
    return Fact(title, level, words, advice if level else "", tuple(samples))


def queues() -> list[Fact]:
    """How many tasks wait in each queue."""
    return [_queue(name, length) for name, length in store.queue_lengths(QUEUES).items()]


def _queue(name: str, length: int) -> Fact:
    # A shard has one slice in the queue at most; more of them are those that nobody takes.
    usual = settings.POLL_SHARDS if name == "poll" else LONG_QUEUE
    most = 4 * settings.POLL_SHARDS if name == "poll" else TOO_LONG_QUEUE
    level = Level.of(length, warn=usual + 1, bad=most)
    words = ngettext("%(count)d task waits.", "%(count)d tasks wait.", length) % {"count": length}
    advice = _("More worker processes for this queue would empty it.") if level else ""
    title = _("Queue “%(name)s”") % {"name": name}
    return Fact(title, level, words, advice, (Sample("queue_length", length, (("queue", name),)),))
