"""Numbers really bought from the sandbox, and a poller that runs until something has happened."""

import asyncio
from collections.abc import Callable

import pytest

from accounts.provider import client_for
from rentals.models import PollShard
from rentals.poller import budget, loop, schedule, shard
from rentals.poller.loop import Poller
from rentals.states import PurchaseState
from tests.factories import (
    make_activation,
    make_provider_account,
    make_purchase,
    make_team,
    make_token,
)


@pytest.fixture
def quick(monkeypatch):
    """The same pace, forty times as fast."""
    pace = tuple((age, interval / 40) for age, interval in schedule.PACE)
    monkeypatch.setattr(schedule, "PACE", pace)
    monkeypatch.setattr(schedule, "SLOW", schedule.SLOW / 40)
    monkeypatch.setattr(budget, "FIRST_PAUSE", budget.FIRST_PAUSE / 40)
    monkeypatch.setattr(loop, "LOOK_SECONDS", 0.2)


@pytest.fixture
def account(sandbox):
    """A provider account that the sandbox knows; tests here commit, so that other threads see."""
    token = make_token()
    sandbox.add_account(token, balance=1000, waiting_limit=1000)
    return make_provider_account(make_team(), token)


@pytest.fixture
def buy(sandbox, account):
    """Buy a number from the sandbox and write it down as waiting."""
    sandbox.set_price(5, 1, cost="0.10", stock=1000)

    def buy(**fields):
        number = client_for(account).get_number("5", "1")
        values = {"request_id": number.request_id, "number": number.number} | fields
        purchase = make_purchase(account.team, account=account, state=PurchaseState.BOUGHT)
        return make_activation(account.team, purchase=purchase, **values)

    return buy


@pytest.fixture
def poll_until():
    """Run a poller of shard 0 until ``condition()`` holds; its stats are left on the shard's row."""

    def poll_until(condition: Callable[[], bool], within: float = 10.0) -> None:
        PollShard.objects.get_or_create(number=0)
        asyncio.run(_poll_until(condition, within))

    return poll_until


async def _poll_until(condition: Callable[[], bool], within: float) -> None:
    poller = Poller(0)
    running = asyncio.create_task(poller.run(within))
    try:
        while not await asyncio.to_thread(_asked_in_a_thread, condition):
            assert not running.done(), f"not within {within} s: {running}"
            await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await poller.database.run(shard.release, 0, poller.holder)
        await poller.close()


def _asked_in_a_thread(condition: Callable[[], bool]) -> bool:
    from django.db import connections

    try:
        return condition()
    finally:
        connections.close_all()
