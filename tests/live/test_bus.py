"""A signal reaches Redis once for each transaction, after its commit, and Redis may be down."""

import logging
import os
import socket
import time

import pytest
from django.db import transaction
from pytest_django import Settings

from live import bus
from tests.live.conftest import Ears, Server

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_signal_goes_out_after_the_commit_and_not_before(ears: Ears) -> None:
    with transaction.atomic():
        bus.publish(team_id=7, topic="money")
        assert ears.heard() == []
    assert ears.heard() == [("busstop:live:7", "money")]


def test_outside_a_transaction_it_goes_out_at_once(ears: Ears) -> None:
    bus.publish(team_id=7, topic="leases")
    assert ears.heard() == [("busstop:live:7", "leases")]


def test_what_concerns_all_teams_goes_out_once(ears: Ears) -> None:
    with transaction.atomic():
        bus.publish(team_id=None, topic="provider")
        bus.publish(team_id=None, topic="provider")
    assert ears.heard() == [("busstop:live:every", "provider")]


def test_the_same_signal_goes_out_once_for_each_transaction(ears: Ears) -> None:
    with transaction.atomic():
        for team in (1, 2, 1):
            bus.publish(team_id=team, topic="money")
        with transaction.atomic():
            bus.publish(team_id=1, topic="money")
    assert sorted(ears.heard()) == [("busstop:live:1", "money"), ("busstop:live:2", "money")]
    with transaction.atomic():
        bus.publish(team_id=1, topic="money")
    assert ears.heard() == [("busstop:live:1", "money")]


def test_a_rollback_publishes_nothing(ears: Ears) -> None:
    with transaction.atomic():
        bus.publish(team_id=1, topic="money")
        transaction.set_rollback(True)
    assert ears.heard() == []


def test_a_savepoint_that_is_rolled_back_takes_only_its_own_signals_with_it(ears: Ears) -> None:
    with transaction.atomic():
        bus.publish(team_id=1, topic="kept")
        with transaction.atomic():
            bus.publish(team_id=1, topic="kept")
            bus.publish(team_id=1, topic="dropped")
            bus.publish(team_id=1, topic="asked-again")
            transaction.set_rollback(True)
        bus.publish(team_id=1, topic="asked-again")
    assert sorted(topic for _, topic in ears.heard()) == ["asked-again", "kept"]


def test_the_end_of_streams_is_asked_for_after_the_commit(ears: Ears) -> None:
    with transaction.atomic():
        bus.close_streams(user_id=5)
        bus.close_streams(user_id=5, team_id=9)
        assert ears.heard() == []
    assert ears.heard() == [("busstop:live:close", "5"), ("busstop:live:close", "5:9")]


@pytest.mark.parametrize("topic", ["", "two\nlines", "a b", "é", "x" * 101, "money\n"])
def test_a_topic_is_an_identifier(topic: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        bus.publish(team_id=1, topic=topic)


def test_a_redis_that_is_down_is_logged_once_and_never_raised(
    own_valkey: Server, caplog: pytest.LogCaptureFixture
) -> None:
    own_valkey.kill()
    with caplog.at_level(logging.WARNING, logger="live.bus"):
        for number in range(200):
            with transaction.atomic():
                bus.publish(team_id=1, topic=f"purchase:{number}")
        bus._publisher().paused_until = 0
        bus.publish(team_id=1, topic="money")
    assert len(caplog.records) == 1


def test_signals_flow_again_after_redis_was_restarted(own_valkey: Server) -> None:
    bus.publish(team_id=1, topic="opens-the-connection")
    own_valkey.kill()
    own_valkey.start()
    ears = Ears(own_valkey.url)
    bus.publish(team_id=1, topic="over-a-stale-connection")
    assert ears.heard() == [("busstop:live:1", "over-a-stale-connection")]


def test_a_redis_that_hangs_is_asked_once_and_then_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        attempts = []
        publisher = bus._publisher()
        publish = publisher.client.publish
        monkeypatch.setattr(
            publisher.client, "publish", lambda *a: (attempts.append(a), publish(*a))
        )
        started = time.monotonic()
        for number in range(50):
            bus.publish(team_id=1, topic=f"purchase:{number}")
        assert len(attempts) == 1
        assert time.monotonic() - started < 5  # a hang would be for ever
        bus.close_streams(user_id=1)
        [(channel, message)] = attempts[1:]
        assert (channel, message.partition("@")[0]) == ("busstop:live:close", "1")


def test_a_forked_child_publishes_over_a_connection_of_its_own(ears: Ears) -> None:
    bus.publish(team_id=1, topic="parent")
    child = os.fork()
    if child == 0:
        try:
            bus._publisher().send("busstop:live:1", "child")
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    bus.publish(team_id=1, topic="parent-again")
    assert [topic for _, topic in ears.heard()] == ["parent", "child", "parent-again"]
