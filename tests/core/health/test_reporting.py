"""What processes write about themselves, and what is read of it."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from core.health import calls, reporter, store
from core.tasks import HEARTBEAT, SENT_AT, heartbeat, on_heartbeat_sent
from core.valkey import socket_url


@pytest.fixture(autouse=True)
def redis_client(settings: Settings, valkey: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(*(client.keys("busstop:health:*") or ["none"]))
    calls.take()
    yield client
    client.delete(*(client.keys("busstop:health:*") or ["none"]))


@pytest.fixture
def no_redis(settings: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="busstop-", dir="/tmp") as folder:
        settings.REDIS_URL = socket_url(Path(folder) / "valkey.sock")


def test_counts_of_all_processes_add_up_and_cost_one_round_trip(redis_client: redis.Redis) -> None:
    for _ in range(1000):
        calls.count("get/sms", "answered", 0.02)
    before = redis_client.info("stats")["total_commands_processed"]
    reporter.write()
    cost = redis_client.info("stats")["total_commands_processed"] - before
    calls.count("get/sms", "answered", 0.02)  # another process, or later
    reporter.write()

    assert cost / 1000 < 0.05  # commands a poll; the goal for all of it is 0.2
    for recent in (True, False):
        assert calls.figures(store.calls(recent=recent))["get/sms"].sent == 1001


def test_counts_of_some_minutes_ago_are_not_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 2 * store.WINDOW_SECONDS)
    store.add_calls({"get/sms|answered": 5})
    monkeypatch.setattr(time, "time", lambda: now)

    assert store.calls(recent=True) == {}
    assert store.calls(recent=False) == {"get/sms|answered": 5}


def test_without_redis_counts_wait_for_it_and_readers_are_told(no_redis: None) -> None:
    calls.count("get/sms", "answered", 0.02)
    reporter.write()

    assert calls.take()["get/sms|answered"] == 1
    for read in (store.heartbeats, store.processes, store.ping):
        with pytest.raises(store.Away):
            read()


def test_a_process_says_that_it_is_alive_and_what_it_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reporter, "_start", lambda: None)
    monkeypatch.setattr(reporter, "_kind", "")
    monkeypatch.setattr(reporter, "_gauges", {})
    reporter.report_process("web", streams=lambda: 3)
    reporter.write()

    (row,) = store.processes().values()
    assert (row["kind"], row["streams"]) == ("web", 3)
    assert row["at"] == pytest.approx(time.time(), abs=5)


def test_a_process_that_ended_long_ago_is_forgotten(redis_client: redis.Redis) -> None:
    old = time.time() - store.FORGET_SECONDS - 1
    redis_client.hset(store.PROCESSES, "gone:1", f'{{"kind": "web", "at": {old}}}')
    store.report("web")

    assert list(store.processes()) == [store.process_name()]
    assert redis_client.hlen(store.PROCESSES) == 1


def test_a_fork_reports_nothing_of_its_parent() -> None:
    calls.count("get/sms", "answered", 0.02)
    child = os.fork()
    if not child:
        os._exit(0 if not calls.take() and reporter._thread is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert calls.take()["get/sms|answered"] == 1


def test_a_heartbeat_says_who_sent_it_who_ran_it_and_how_long_it_waited() -> None:
    headers: dict[str, object] = {}
    on_heartbeat_sent(headers=headers)
    headers[SENT_AT] = float(str(headers[SENT_AT])) - 7  # it waited in the queue
    heartbeat.push_request(**headers)
    heartbeat.run("buy")
    heartbeat.pop_request()

    rows = store.heartbeats()
    assert set(rows) == {"beat", "buy"}
    assert rows["buy"]["waited"] == pytest.approx(7, abs=1)
    assert heartbeat.name == HEARTBEAT
