"""Each fact is well when all is well, and says what is wrong when it is not."""

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import redis
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ProviderAccount, Team
from catalog.models import Feed
from core.health import store
from core.health.fact import Fact, Level, worst
from core.valkey import socket_url
from rentals.health import collect
from rentals.models import BuyingStop, PollShard, Purchase
from rentals.states import PurchaseState
from tests.factories import make_activation, make_provider_account, make_purchase, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_store(settings: Settings, valkey: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    keys = ("busstop:health:*", "buy", "default", "poll")

    def empty() -> None:
        for pattern in keys:
            client.delete(*(client.keys(pattern) or ["none"]))

    empty()
    yield client
    empty()


@pytest.fixture
def all_well(settings: Settings) -> None:
    """Everything runs and has just been heard of."""
    for part in ("beat", "buy", "default"):
        store.beat(part, waited=0.0)
    store.report("web", streams=4)
    store.add_calls({"get/sms|answered": 200, "get/sms|0": 200, "get/sms|µs": 4_000_000})
    Feed.objects.create(key="countries", fetched_at=timezone.now())
    PollShard.objects.create(
        number=0,
        holder=uuid.uuid4(),
        held_by="machine:77",
        lease_until=timezone.now() + timedelta(seconds=6),
        watching=3,
        polls=120,
        gap_p50_ratio=1.0,
        gap_p99_ratio=1.02,
        late_p50=0.002,
        late_p99=0.012,
    )


def facts() -> dict[str, Fact]:
    return {fact.title: fact for group in collect() for fact in group.facts}


def test_all_is_well(all_well: None) -> None:
    assert [fact for fact in facts().values() if fact.level] == []
    assert "machine:77 watches 3 numbers. Polls leave 2 ms late, 1 in 100 12 ms or more." in (
        facts()["Shard 0"].words
    )
    assert facts()["Web processes"].words.startswith("1 process: 4 pages listen")
    assert facts()["get/sms"].words.startswith("200 calls in the last minutes: half within 50 ms")


def test_a_site_that_was_just_set_up_says_what_does_not_run() -> None:
    found = facts()
    for title in ("Clock (beat)", "Worker of the queue “buy”", "Shard 0"):
        assert found[title].level == Level.BAD
        assert found[title].advice
    assert found["Web processes"].level == found["Catalogue"].level == Level.WARN


@pytest.mark.parametrize(("seconds", "level"), [(5, Level.OK), (40, Level.WARN), (90, Level.BAD)])
def test_a_worker_that_falls_silent(
    all_well: None, monkeypatch: pytest.MonkeyPatch, seconds: int, level: Level
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)
    assert facts()["Worker of the queue “buy”"].level == level
    assert facts()["Clock (beat)"].level == level


def test_a_queue_that_grows_and_a_task_that_waited(
    all_well: None, empty_store: redis.Redis
) -> None:
    empty_store.lpush("buy", *range(150))
    store.beat("buy", waited=20)
    found = facts()
    assert found["Queue “buy”"].level == Level.WARN
    assert found["Queue “buy”"].words == "150 tasks wait."
    assert found["Worker of the queue “buy”"].level == Level.WARN
    assert found["Queue “default”"].level == Level.OK


@pytest.mark.parametrize(
    ("columns", "level"),
    [
        ({"late_p99": 1.5}, Level.WARN),
        ({"late_p99": 9.0}, Level.BAD),
        ({"gap_p99_ratio": 2.0}, Level.WARN),
        ({"lease_until": timezone.now() - timedelta(minutes=1)}, Level.BAD),
        ({"lease_until": None}, Level.BAD),
    ],
)
def test_a_poller_that_is_late_or_gone(
    all_well: None, columns: dict[str, object], level: Level
) -> None:
    PollShard.objects.update(**columns)
    assert facts()["Shard 0"].level == level


@pytest.mark.parametrize(
    ("counts", "level", "words"),
    [
        ({"answered": 100, "bad_answer": 10}, Level.WARN, "10.0 % failed (10 not understood)"),
        ({"answered": 50, "not_sent": 50}, Level.BAD, "50.0 % failed (50 not sent)"),
        ({"answered": 1000, "answer_lost": 1}, Level.OK, "0.1 % failed (1 answer lost)"),
        ({"answered": 3, "rate_limited": 1}, Level.BAD, "too many, said the provider"),
    ],
)
def test_a_provider_that_fails(
    all_well: None, counts: dict[str, int], level: Level, words: str
) -> None:
    store.add_calls({f"get/number|{outcome}": count for outcome, count in counts.items()})
    fact = facts()["get/number"]
    assert fact.level == level
    assert words in fact.words


def test_purchases_that_hang(all_well: None, team: Team) -> None:
    held, queued, sending, unknown = (
        make_purchase(team, state=state)
        for state in (PurchaseState.HELD, PurchaseState.HELD, PurchaseState.SENDING, "unknown")
    )
    Purchase.objects.filter(pk=queued.pk).update(reason="queued")
    aged = Purchase.objects.filter(pk__in=[held.pk, queued.pk, sending.pk, unknown.pk])
    aged.update(created=timezone.now() - timedelta(seconds=60))
    found = facts()
    assert found["Reserved, not sent"].level == Level.WARN
    assert found["Reserved, not sent"].words == "1 purchase, the oldest for 1 min."
    assert found["Being sent"].level == Level.WARN
    assert found["In the queue for a slot"].level == Level.OK
    assert found["Outcome unknown"].level == Level.WARN
    aged.update(created=timezone.now() - timedelta(days=2))
    assert {facts()[title].level for title in ("Being sent", "Outcome unknown")} == {Level.BAD}


def test_numbers_and_the_last_hour(all_well: None, team: Team) -> None:
    make_activation(team)
    make_activation(team, state="received")
    old = make_purchase(team, state=PurchaseState.REFUSED)
    Purchase.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(hours=2))
    assert facts()["Open numbers"].words == "1 wait for their SMS, 1 have one and may get another."
    assert facts()["Bought in the last hour"].words == "2 bought"


def test_what_only_a_person_can_settle(all_well: None, team: Team) -> None:
    account = make_provider_account(team, state=ProviderAccount.State.SUSPENDED)
    make_snapshot(account, drift=Decimal("-0.5"))
    make_snapshot(account, drift=Decimal("0.5"), explained_at=timezone.now())
    make_snapshot(account, drift=None)
    BuyingStop.objects.create(team=team, reason="Under review")
    found = facts()
    assert found["Suspended accounts"].words == "1 provider account is suspended."
    assert found["Drift"].words == "1 drift is unexplained."
    assert found["Stops of buying"].level == Level.WARN


def test_without_redis_the_rest_is_still_told(all_well: None, settings: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="busstop-", dir="/tmp") as folder:
        settings.REDIS_URL = socket_url(Path(folder) / "valkey.sock")
    groups = {group.key: group for group in collect()}
    assert [fact.words for fact in groups["workers"].facts] == [
        "Redis does not answer, so nobody knows."
    ]
    assert groups["pollers"].level == Level.OK
    assert worst(groups.values()) == Level.BAD


def test_it_costs_the_same_whatever_there_is(
    all_well: None, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(11):
        collect()
    for _ in range(5):
        make_activation(team)
        make_purchase(team)
        make_snapshot(
            team.provider_accounts.first() or make_provider_account(team), drift=Decimal(1)
        )
    with django_assert_num_queries(11):
        collect()


def test_a_duration_is_one_figure_and_its_unit() -> None:
    from rentals.health.saying import duration

    said: Callable[[float], str] = duration
    seconds = (0.0001, 0.25, 3.26, 90, 7200, 86_400 * 3)
    assert [said(each) for each in seconds] == ["1 ms", "250 ms", "3.3 s", "2 min", "2 h", "3 d"]
