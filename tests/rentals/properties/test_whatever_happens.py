"""Hypothesis does anything to buyers, provider, processes and time; the invariants hold.

    PROPERTIES=20 script/test tests/rentals/properties

makes 20 runs with longer and more examples each instead of the few short ones of the suite. The
examples of a run follow from its number, so that a failure comes again. What can happen is in
``deeds``, what must hold in ``invariants``, and what really happened is noted in ``world``.
"""

import logging
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from rentals import audit, audit_rollup
from rentals.states import ActivationState, LeaseState, PurchaseState
from tests.accounts.test_canary import everything_in_redis, everything_in_the_database
from tests.rentals.properties import invariants
from tests.rentals.properties.deeds import DEEDS, Deeds, slow
from tests.rentals.properties.processes import Points
from tests.rentals.properties.world import CANARY, DEADLINE, TICK, World

QUICK = 3  # runs; side by side with -n
RUNS = int(os.environ.get("PROPERTIES", QUICK))
PROFILE = hypothesis_settings(
    max_examples=10 if RUNS > QUICK else 4,
    stateful_step_count=60 if RUNS > QUICK else 30,
    derandomize=True,
    database=None,  # nothing is written beside the tests
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Stage:
    """What the examples share: settings, the patched points, and what was done so far."""

    settings: Settings
    points: Points
    counts: Counter[str] = field(default_factory=Counter)


class Busstop(RuleBasedStateMachine):
    """Two teams with an account each at one provider, and everything that can happen to them."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.world = World(stage.settings, stage.points)
        self.deeds = Deeds(self.world)
        self.stage.counts["examples"] += 1

    @initialize(slow=st.lists(slow, min_size=3, max_size=4), months=st.integers(0, 2))
    def somebody_has_bought(self, slow: list[tuple[int, int, str]], months: int) -> None:
        """There is always something that can go wrong: first what is the most likely to."""
        for customer, calls, meanwhile in slow:
            self.deeds.buy_slowly(customer, calls, meanwhile)
        if months:
            self.deeds.press_lease(1, months, None)

    @rule(deed=DEEDS)
    def happens(self, deed: tuple[Any, ...]) -> None:
        """The next thing happens."""
        name, *arguments = deed
        self.stage.counts[name] += 1
        getattr(self.deeds, name)(*arguments)

    @invariant()
    def holds(self) -> None:
        """I1 to I7 and I11 at every moment.

        I8 after each sweep and I10 after each second click (``deeds``), I9, I12 and I13 at the end.
        """
        invariants.check_always(self.world)

    def teardown(self) -> None:
        try:
            self._come_to_rest()
            invariants.check_always(self.world)
            invariants.check_at_rest(self.world)
            assert CANARY.encode() not in everything_in_redis(), "I12: a token is in Redis"
            self.stage.counts.update(
                f"end: {purchase.state}, {purchase.reason}" for purchase in self.world.purchases()
            )
        finally:
            self.world.close()

    def _come_to_rest(self) -> None:
        """The trouble is over: everything resumes within 30 s and ends when its time is over."""
        world = self.world
        world.appease_provider()
        world.check_accounts()
        world.live(30)
        self._everything_has_resumed()
        world.live(90)
        for _ in range(8):
            for purchase in world.purchases():
                world.decide(purchase)
            world.pass_time(11 * 60)
            world.have_leases_read()
            world.live(TICK)
            invariants.nothing_is_stuck_in_sending(world)
            if all(purchase.settled_at is not None for purchase in world.purchases()):
                return

    def _everything_has_resumed(self) -> None:
        """I13: within 30 s, although what was in Redis may be gone."""
        for purchase in self.world.purchases():
            waits = purchase.reason in ("queued", "account_waits")
            assert purchase.state != PurchaseState.HELD or waits, (
                f"I13: {purchase.pk} is not resumed"
            )
            number = getattr(purchase, "activation", None)
            assert number is None or number.state != ActivationState.CANCELLING, "I13: a cancel"
            lease = getattr(purchase, "lease", None)
            assert lease is None or lease.state != LeaseState.CANCELLING, "I13: a lease's cancel"


class Eavesdropper(logging.Handler):
    """Keeps the log lines that hold a token."""

    def __init__(self) -> None:
        super().__init__()
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look at the line as a handler without our filter would write it."""
        line = self.format(record)
        if CANARY in line:
            self.leaks.append(line)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(RUNS))
def test_whatever_happens(number: int, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SMSBUS_DEADLINE = DEADLINE
    settings.POLL_RATE_PER_ACCOUNT = 1000
    settings.UNKNOWN_QUIET_SECONDS = 30
    stage = Stage(settings, Points(monkeypatch))
    eavesdropper, root = Eavesdropper(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [eavesdropper])
    monkeypatch.setattr(root, "level", logging.DEBUG)

    @seed(number)
    def machine() -> Busstop:
        return Busstop(stage)

    try:
        run_state_machine_as_test(machine, settings=PROFILE)
    finally:
        for what, count in sorted(stage.counts.items()):
            print(f"{count:6} {what}")  # shown with -s, and when it fails
    assert [*audit.check_purchases(), *audit.check_days(), *audit_rollup.check_rollup()] == []
    assert not eavesdropper.leaks, "I12: a token is in the log"
    assert CANARY.encode() not in everything_in_the_database(), "I12: a token is in the database"
