"""Slices that hand over to each other, in this process and in real workers that get killed."""

import asyncio
import time
import uuid

import pytest
import redis
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerDown

from rentals import poller
from rentals.models import Activation, PollShard
from rentals.poller import shard, slices
from rentals.poller.loop import Poller
from rentals.states import ActivationState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def one_shard(settings):
    """Short slices of one shard, an empty queue, and nothing left asleep afterwards."""
    settings.POLL_SLICE_SECONDS = 0.3
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete("poll")
    PollShard.objects.create(number=0)
    yield
    slices._discard()
    client.delete("poll")


@pytest.fixture
def queue(settings):
    client = redis.Redis.from_url(settings.REDIS_URL)
    return lambda: client.llen("poll")


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)


def is_received(number):
    return Activation.objects.get(pk=number.pk).state == ActivationState.RECEIVED


def polls_of(sandbox, number):
    return sum(call.params.get("request_id") == number.request_id for call in sandbox.calls)


def test_a_slice_enqueues_the_next_and_frees_the_shard(queue):
    poller.run_slice(0)

    assert queue() == 1
    assert shard.watch() == []
    assert shard.take(0, PollShard.objects.get().holder)


def test_the_next_slice_goes_on_with_the_same_poller():
    poller.run_slice(0)
    holder = PollShard.objects.get().holder
    poller.run_slice(0)

    assert PollShard.objects.get().holder == holder


def test_a_slice_of_a_held_shard_ends_at_once_and_enqueues_nothing(queue, settings):
    settings.POLL_SLICE_SECONDS = 60
    other = uuid.uuid4()
    shard.take(0, other)
    poller.run_slice(0)

    assert queue() == 0
    assert PollShard.objects.get().holder == other


def test_a_slice_of_no_shard_is_ignored(queue, settings):
    poller.run_slice(settings.POLL_SHARDS)

    assert queue() == 0


@pytest.mark.parametrize("error", [BrokerDown("no Redis"), ConnectionResetError()])
def test_while_redis_is_away_the_slice_goes_on(queue, monkeypatch, error):
    enqueue, failures = shard.enqueue, []

    def away(number):
        if len(failures) < 2:
            failures.append(number)
            raise error
        enqueue(number)

    monkeypatch.setattr(shard, "enqueue", away)
    poller.run_slice(0)

    assert (len(failures), queue()) == (2, 1)


def test_while_the_database_is_away_the_slice_goes_on(queue, monkeypatch):
    renew, release, failures = shard.renew, shard.release, []

    def away(work):
        def failing(*arguments):
            if len(failures) < 3:
                failures.append(work)
                raise OperationalError("the database system is shutting down")
            return work(*arguments)

        return failing

    monkeypatch.setattr(shard, "renew", away(renew))
    monkeypatch.setattr(shard, "release", away(release))
    poller.run_slice(0)

    assert (len(failures), queue()) == (3, 1)


def test_a_killed_poller_loses_no_sms(sandbox, buy, start_worker):
    """kill -9 with numbers open; the watchdog starts another poller within 15 seconds."""
    waiting, received = buy(), buy()
    first = start_worker("poll", POLL_SLICE_SECONDS="30")
    poller.watch()
    wait_until(lambda: polls_of(sandbox, waiting) and polls_of(sandbox, received), 15)
    sandbox.deliver(received.request_id, "before the kill 1111")
    wait_until(lambda: is_received(received), 10)
    first.kill()
    sandbox.deliver(waiting.request_id, "after the kill 2222")
    killed = time.monotonic()
    start_worker("poll")
    wait_until(lambda: poller.watch() or is_received(waiting), 20)
    wait_until(lambda: is_received(waiting), 20)

    assert PollShard.objects.get().polls > 0
    assert [message.code for message in waiting.messages.all()] == ["2222"]
    print(f"taken over within {time.monotonic() - killed:.1f} s")


def test_slices_follow_each_other_in_a_real_worker_without_the_watchdog(sandbox, buy, start_worker):
    start_worker("poll", POLL_SLICE_SECONDS="1")
    poller.watch()
    wait_until(lambda: PollShard.objects.get().holder, 10)
    holder = PollShard.objects.get().holder
    time.sleep(3)
    number = buy()
    sandbox.deliver(number.request_id, "1234")
    wait_until(lambda: is_received(number), 10)

    assert PollShard.objects.get().holder == holder


def test_a_poller_whose_lease_is_taken_away_stops(monkeypatch):
    monkeypatch.setattr(shard, "RENEW_SECONDS", 0.1)

    async def poll():
        poller = Poller(0)
        running = asyncio.create_task(poller.run(3))
        while not await poller.database.run(_is_held_by, poller.holder):
            await asyncio.sleep(0.02)
        await poller.database.run(PollShard.objects.update, holder=uuid.uuid4())
        still_ours = await running
        await poller.close()
        return still_ours

    assert asyncio.run(poll()) is False


def _is_held_by(holder):
    return PollShard.objects.filter(holder=holder).exists()
