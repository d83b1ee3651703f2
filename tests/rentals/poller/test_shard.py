"""One poller for each shard, a new one when it dies, and never two chains of slices."""

import uuid
from datetime import timedelta

import pytest
import redis
from django.db.models.functions import Now

from rentals.models import PollShard
from rentals.poller import shard

pytestmark = pytest.mark.django_db
ALICE, BOB = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def queue(settings):
    """The queue of slices in Redis, empty."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete("poll")
    yield lambda: client.llen("poll")
    client.delete("poll")


@pytest.fixture
def row():
    return PollShard.objects.create(number=0)


def let(seconds, **columns):
    """Move times of the row into the past, as if the seconds had gone by."""
    past = {name: Now() - timedelta(seconds=seconds) for name in columns}
    PollShard.objects.filter(number=0).update(**past)


def test_one_of_two_pollers_gets_the_shard(row):
    assert shard.take(0, ALICE) is True
    assert shard.take(0, BOB) is False
    assert shard.renew(0, BOB, shard.Figures()) is False
    assert PollShard.objects.get().holder == ALICE


def test_the_holder_may_take_it_up_again(row):
    shard.take(0, ALICE)

    assert shard.take(0, ALICE) is True


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_notices(row):
    shard.take(0, ALICE)
    let(1, lease_until=True)

    assert shard.take(0, BOB) is True
    assert shard.renew(0, ALICE, shard.Figures()) is False
    assert shard.release(0, ALICE) is False
    assert shard.take(0, ALICE) is False


def test_a_lease_that_ran_out_and_nobody_took_goes_on(row):
    shard.take(0, ALICE)
    let(1, lease_until=True)

    assert shard.renew(0, ALICE, shard.Figures()) is True
    assert shard.take(0, BOB) is False


def test_each_renewal_leaves_the_figures(row):
    shard.take(0, ALICE)
    shard.renew(0, ALICE, shard.Figures(watching=7, polls=10, gap_p99_ratio=1.02))
    shard.renew(0, ALICE, shard.Figures(watching=8, polls=5, gap_p99_ratio=1.01))
    row.refresh_from_db()

    assert (row.watching, row.polls, row.gap_p99_ratio) == (8, 15, 1.01)


def test_at_the_end_of_a_slice_the_next_one_may_start_anywhere(row):
    shard.take(0, ALICE)

    assert shard.release(0, ALICE) is True
    assert shard.take(0, BOB) is True


def test_the_watchdog_makes_the_rows_and_starts_each_shard_once(queue, settings):
    settings.POLL_SHARDS = 3

    assert shard.watch() == [0, 1, 2]
    assert shard.watch() == []
    assert queue() == 3


def test_the_watchdog_leaves_a_held_shard_alone(row, queue):
    shard.take(0, ALICE)

    assert shard.watch() == []
    assert queue() == 0


def test_the_watchdog_restarts_a_poller_that_died(row, queue):
    shard.take(0, ALICE)
    let(0.01, lease_until=True)

    assert shard.watch() == [0]
    assert queue() == 1


def test_a_slice_that_got_lost_in_the_queue_is_enqueued_again(row, queue):
    shard.take(0, ALICE)
    shard.release(0, ALICE)
    assert shard.watch() == []

    let(9, queued_at=True)
    assert shard.watch() == [0]


def test_a_slice_never_adds_to_one_that_the_watchdog_has_queued(row, queue):
    shard.take(0, ALICE)
    let(1, lease_until=True)
    shard.watch()

    assert shard.release(0, ALICE) is False
    assert queue() == 1


def test_shards_beyond_the_setting_are_left_alone(queue, settings):
    settings.POLL_SHARDS = 2
    shard.watch()
    PollShard.objects.update(queued_at=None)
    settings.POLL_SHARDS = 1

    assert shard.watch() == [0]


def test_two_watchdogs_at_once_start_each_shard_once(queue, settings, monkeypatch):
    """The second overtakes the first, which goes on with what it had seen."""
    settings.POLL_SHARDS = 3
    enqueue, others = shard.enqueue, []

    def overtaken(number):
        monkeypatch.setattr(shard, "enqueue", enqueue)
        enqueue(number)
        others.extend(shard.watch())

    monkeypatch.setattr(shard, "enqueue", overtaken)

    assert shard.watch() == [0]
    assert others == [1, 2]
    assert queue() == 3
