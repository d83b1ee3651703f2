"""Buys while everything is being killed, then holds our books against the provider's.

``script/chaos`` calls it; docs/chaos.md says what it asserts.
"""

import argparse
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.server import Sandbox
from tests.chaos.processes import wait_until
from tests.chaos.stage import Stage, built_stage

HARD_END = 60  # seconds after the limit: whatever hangs then is ended by force


def main() -> int:
    options = read_options()
    signal.alarm(options.limit + HARD_END)
    with (
        Sandbox(seed=options.seed, ids="long") as sandbox,
        built_stage(options.database, sandbox, options.logs) as stage,
    ):
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        return run(stage, options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("script/chaos", description=__doc__)
    add = parser.add_argument
    add("--purchases", type=int, default=2000, help="(%(default)s)")
    add("--worker-kills", type=int, default=200, help="of workers and pollers (%(default)s)")
    add("--redis-kills", type=int, default=20, help="(%(default)s)")
    add("--flushes", type=int, default=20, help="FLUSHALL (%(default)s)")
    add("--postgres-restarts", type=int, default=10, help="(%(default)s)")
    add("--database", choices=("postgres", "sqlite"), default="postgres", help="(%(default)s)")
    add("--pace", type=float, default=10, help="purchases a second, at most (%(default)s)")
    add("--seed", type=int, default=1, help="of what is bought and what is killed (%(default)s)")
    add("--resume-within", type=float, default=30, help="seconds after a blow (%(default)s)")
    add("--logs", type=Path, help="a folder for the logs, which are thrown away otherwise")
    add("--limit", type=int, default=3600, help="seconds for everything (%(default)s)")
    return parser.parse_args()


def run(stage: Stage, options: argparse.Namespace) -> int:
    """Trade under blows, wait until nothing moves, judge; the exit code."""
    # They need the settings, which name what the stage has started.
    from django.db import connection
    from django.utils import timezone

    from tests.chaos.blows import Blows
    from tests.chaos.traffic import Buyers, Outside, write_wishes
    from tests.chaos.verdict import Sends, Verdict

    started, end_by = time.monotonic(), time.monotonic() + options.limit
    sends = Sends()
    stage.sandbox.service.log = sends  # type: ignore[assignment]
    wishes = write_wishes(stage.sandbox, options.purchases, random.Random(options.seed))
    connection.close()  # the server it leads to is going to be restarted
    buyers = Buyers(wishes, options.pace)
    outside = Outside(stage.sandbox, random.Random(options.seed + 1))
    kinds = {
        "worker": options.worker_kills,
        "redis": options.redis_kills,
        "flush": options.flushes,
        "postgres": options.postgres_restarts if options.database == "postgres" else 0,
    }
    blows = Blows(stage, buyers, kinds, random.Random(options.seed + 2))

    def wait(what: str, condition: Callable[[], bool]) -> None:
        print(f"{time.monotonic() - started:6.0f} s  until {what}", flush=True)
        wait_until(condition, seconds=max(0, end_by - time.monotonic()))

    stage.start()
    complete = True
    try:
        wait("all workers are there", lambda: all_there(stage))
        for thread in (outside, buyers, blows):
            thread.start()
        wait("all is asked for", lambda: not buyers.is_alive() and not blows.is_alive())
        wait("no outcome is being found out", nothing_is_open)
        wait("the last SMS is sent and stored", lambda: outside.is_idle and all_stored(outside))
        stage.sandbox.advance(21 * 60)
        wait("the numbers without an SMS are released", nothing_waits)
    except AssertionError:
        complete = False
    for thread in (buyers, blows, outside):
        thread.end()
    verdict = Verdict(stage.sandbox, sends, wishes, outside, resume_within=options.resume_within)
    figures = list(verdict.figures(blows.struck))
    took = time.monotonic() - started
    breaches = sum(figure.is_breach for figure in figures) + (not complete)
    print(f"\n{timezone.now():%Y-%m-%d %H:%M} UTC, seed {options.seed}, {options.database}")
    print(f"{options.purchases} purchases wanted, {buyers.asked} asked for, {took:.0f} s")
    print(f"{buyers.pages_that_failed} pages failed while the database was away\n")
    for figure in figures:
        print(figure)
    if not complete:
        print(f"BREACH: not at rest within --limit {options.limit} s")
    print(f"\n{breaches} breaches", flush=True)
    return 1 if breaches else 0


def all_there(stage: Stage) -> bool:
    """Whether every worker and poller answers."""
    from config.celery import app

    return len(app.control.ping(timeout=2)) == len(stage.workers)


def nothing_is_open() -> bool:
    """No purchase is held or being sent, and no unknown one is being looked into."""
    from rentals.models import Purchase
    from rentals.operations.queueing import being_found_out
    from rentals.operations.sweep import WORKER_DIED
    from rentals.states import PurchaseState

    open_states = (PurchaseState.HELD, PurchaseState.SENDING)
    kept = Purchase.objects.filter(reason=WORKER_DIED, answer_sealed__isnull=False)
    return not (
        Purchase.objects.filter(state__in=open_states).exists()
        or Purchase.objects.filter(being_found_out()).exists()
        or kept.filter(state=PurchaseState.UNKNOWN).exists()
    )


def all_stored(outside: "Outside") -> bool:  # type: ignore[name-defined]  # noqa: F821
    """Every SMS of a number that we know is here."""
    from rentals.models import Activation, Message

    known = set(Activation.objects.values_list("request_id", flat=True))
    stored = set(Message.objects.values_list("text", flat=True))
    return all(d.text in stored for d in outside.deliveries if d.request_id in known)


def nothing_waits() -> bool:
    """Every number has ended."""
    from rentals.models import Activation

    return not Activation.objects.open().exists()


if __name__ == "__main__":
    sys.exit(main())
