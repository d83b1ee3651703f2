"""What a page hears, what it never hears, and what becomes of the stream when something goes away."""

import http.client
import os
import threading
import time
from uuid import uuid4

import pytest
import redis
from pytest_django import Settings

from live import bus, hub, stream, subscriber, tickets
from tests.live.conftest import Server
from tests.live.listening import Page, StreamServer, eventually


def publish(url: str, *topics: str, team_id: int = 1) -> None:
    """Say something on a channel without the bus, which a transaction would hold back."""
    client = redis.Redis.from_url(url)
    for topic in topics:
        client.publish(f"busstop:live:{team_id}", topic)


def test_a_page_hears_sync_first_and_then_what_changes(streams: StreamServer, valkey: str) -> None:
    page = streams.listen()
    purchase = f"purchase:{uuid4()}"
    publish(valkey, purchase)
    assert page.next() == ("signal", purchase)
    publish(valkey, "money")
    assert page.next() == ("signal", "money")


@pytest.mark.django_db(transaction=True)
def test_what_the_bus_publishes_reaches_the_page(streams: StreamServer) -> None:
    page = streams.listen(team_id=3)
    bus.publish(team_id=3, topic="money")
    assert page.next() == ("signal", "money")


def test_the_answer_is_neither_stored_nor_buffered(streams: StreamServer) -> None:
    headers = streams.listen().response.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert headers["access-control-allow-origin"] is None


def test_nothing_crosses_teams(streams: StreamServer, valkey: str) -> None:
    ours, theirs = streams.listen(team_id=1), streams.listen(team_id=11)
    publish(valkey, "ours", team_id=1)
    publish(valkey, "theirs", team_id=11)
    assert ours.next() == ("signal", "ours")
    assert theirs.next() == ("signal", "theirs")


@pytest.mark.django_db(transaction=True)
def test_what_concerns_all_teams_reaches_each_page(streams: StreamServer) -> None:
    pages = [streams.listen(team_id=team) for team in (1, 1, 2)]
    bus.publish(team_id=None, topic="provider")
    assert [page.next() for page in pages] == [("signal", "provider")] * 3


def test_nobody_can_smuggle_an_event_in(streams: StreamServer, valkey: str) -> None:
    page = streams.listen()
    publish(valkey, "x\n\nevent: renew\ndata: ", "", "é" * 200)
    redis.Redis.from_url(valkey).publish("busstop:live:nonsense", "x")
    redis.Redis.from_url(valkey).publish("busstop:live:close", "nonsense:1:2")
    publish(valkey, "money")
    assert page.next() == ("signal", "money")


@pytest.mark.parametrize("ticket", ["", "x", "1.1:x:y", "é" * 20, "9" * 5000, "1.1"])
def test_a_forged_ticket_is_refused(streams: StreamServer, ticket: str) -> None:
    assert Page(streams.port, ticket).status == 403


def test_a_ticket_for_another_team_cannot_be_made_from_ones_own(streams: StreamServer) -> None:
    own = tickets.make(team_id=1, user_id=1)
    assert Page(streams.port, own.replace("1.1.", "2.1.", 1)).status == 403


def test_a_ticket_runs_out(streams: StreamServer, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tickets.make(team_id=1, user_id=1)
    monkeypatch.setattr(tickets, "TICKET_SECONDS", -1)
    assert Page(streams.port, old).status == 401


def test_a_stream_is_only_read(streams: StreamServer) -> None:
    ticket = tickets.make(team_id=1, user_id=1)
    assert Page(streams.port, ticket, method="POST").status == 405


def test_a_user_has_so_many_streams_and_no_more(streams: StreamServer, settings: Settings) -> None:
    settings.LIVE_STREAMS_PER_USER = 2
    pages = [streams.listen(user_id=1, team_id=team) for team in (1, 2)]
    ticket = tickets.make(team_id=1, user_id=1)
    assert Page(streams.port, ticket).status == 429
    pages.append(streams.listen(user_id=2))
    pages.pop(0).close()
    eventually(lambda: len(streams.hub) == 2)
    assert streams.listen(user_id=1).status == 200


def test_a_client_that_goes_away_leaves_nothing_behind(streams: StreamServer) -> None:
    pages = [streams.listen(team_id=team, user_id=team) for team in (1, 1, 2)]
    assert len(streams.hub) == 3
    for page in pages:
        page.close()
    eventually(lambda: len(streams.hub) == 0)
    assert streams.hub._by_team == {}
    assert streams.hub._by_user == {}


def test_a_stream_ends_after_a_while_and_asks_the_page_to_come_back(
    streams: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STREAM_SECONDS", 0.2)
    page = streams.listen()
    assert page.next() == ("renew", "")
    assert page.next() is None


def test_a_stream_gives_a_sign_of_life(
    streams: StreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "PING_SECONDS", 0.2)
    page = streams.listen()
    assert page.response.readline() == b"event: ping\n"


def test_a_right_that_is_taken_away_ends_the_streams_that_it_opened(
    streams: StreamServer, valkey: str
) -> None:
    bob_here = streams.listen(user_id=2, team_id=1)
    bob_there = streams.listen(user_id=2, team_id=9)
    alice = streams.listen(user_id=1, team_id=1)
    ticket_of_before = tickets.make(user_id=2, team_id=1)
    redis.Redis.from_url(valkey).publish("busstop:live:close", f"2:1@{time.time():.3f}")
    assert bob_here.next() is None
    assert Page(streams.port, ticket_of_before).status == 403
    publish(valkey, "money", team_id=9)
    assert bob_there.next() == ("signal", "money")
    redis.Redis.from_url(valkey).publish("busstop:live:close", f"2@{time.time():.3f}")
    assert bob_there.next() is None
    publish(valkey, "money", team_id=1)
    assert alice.next() == ("signal", "money")


def test_a_right_that_is_left_opens_streams_at_once(streams: StreamServer, valkey: str) -> None:
    page = streams.listen(user_id=2)
    moment = time.time()
    redis.Redis.from_url(valkey).publish("busstop:live:close", f"2@{moment:.3f}")
    assert page.next() is None
    # One that ended earlier and is heard of later gives nothing back.
    redis.Redis.from_url(valkey).publish("busstop:live:close", f"2@{moment - 9:.3f}")
    streams.listen(user_id=2)
    just_before = tickets.make(user_id=2, team_id=1, made=moment - 0.002)
    assert Page(streams.port, just_before).status == 403
    just_after = tickets.make(user_id=2, team_id=1, made=moment + 0.002)
    assert Page(streams.port, just_after).status == 200


def test_a_slow_reader_gets_one_sync_in_place_of_what_it_missed(
    streams: StreamServer, valkey: str
) -> None:
    page = streams.listen()
    client = redis.Redis.from_url(valkey)
    flood = 60_000
    for start in range(0, flood, 10_000):
        with client.pipeline(transaction=False) as pipe:
            for number in range(start, start + 10_000):
                pipe.publish("busstop:live:1", f"purchase:{number:036}")
            pipe.execute()
    (slow,) = streams.hub._streams
    assert slow.pending <= subscriber.MAX_PENDING
    publish(valkey, "last")
    heard = []
    while not heard or heard[-1] not in {("signal", "last"), ("sync", "")}:
        heard.append(page.next())
    assert len(heard) < flood


def test_a_redis_that_is_killed_and_restarted_heals_the_stream(
    streams: StreamServer, own_valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "RENEW_SECONDS", 3600)
    page = streams.listen()
    own_valkey.kill()
    assert page.next() == ("lost", "")
    own_valkey.start()
    assert page.next() == ("sync", "")
    publish(own_valkey.url, "money")
    assert page.next() == ("signal", "money")


def test_after_a_gap_every_right_to_listen_is_looked_at_again(
    streams: StreamServer, own_valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "RENEW_SECONDS", 0.2)
    page = streams.listen()
    own_valkey.kill()
    own_valkey.start()
    assert [page.next(), page.next(), page.next()] == [("lost", ""), ("sync", ""), ("renew", "")]
    assert streams.listen().status == 200


def test_a_stream_that_opens_while_redis_is_down_hears_sync_when_it_is_back(
    streams: StreamServer, own_valkey: Server
) -> None:
    own_valkey.kill()
    page = Page(streams.port, tickets.make(team_id=1, user_id=1))
    assert page.status == 200
    own_valkey.start()
    assert page.next() == ("sync", "")


def test_a_redis_that_falls_silent_is_noticed(
    streams: StreamServer, own_valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(hub, "RENEW_SECONDS", 3600)
    page = streams.listen()
    assert own_valkey.process is not None
    os.kill(own_valkey.process.pid, 19)  # SIGSTOP: the socket stays open
    try:
        assert page.next() == ("lost", "")
    finally:
        os.kill(own_valkey.process.pid, 18)
    assert page.next() == ("sync", "")


def test_streams_cost_no_threads(streams: StreamServer, settings: Settings, valkey: str) -> None:
    settings.LIVE_STREAMS_PER_USER = 1000
    streams.listen()
    threads = threading.active_count()
    pages = [streams.listen() for _ in range(200)]
    assert threading.active_count() == threads
    publish(valkey, "money")
    assert {page.next() for page in pages} == {("signal", "money")}


def test_no_more_streams_open_once_the_server_stops(streams: StreamServer) -> None:
    page = streams.listen()
    streams.call(streams.hub.close)
    assert page.next() is None
    assert Page(streams.port, tickets.make(team_id=1, user_id=1)).status == 503


def test_a_hub_that_fails_ends_its_streams_and_the_next_one_starts_afresh(
    streams: StreamServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page = streams.listen()
    failed = streams.hub
    monkeypatch.setattr(hub.Hub, "_hear", lambda *_: 1 / 0)
    bus._publisher().send("busstop:live:1", "money")
    assert page.next() is None
    monkeypatch.undo()
    assert "listen to Redis failed" in caplog.text
    streams.listen()
    assert streams.hub is not failed


def test_two_requests_on_one_connection(streams: StreamServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", streams.port, timeout=10)
    for _ in range(2):
        connection.request("GET", "/live?ticket=x")
        response = connection.getresponse()
        assert (response.status, response.read()) == (403, b"This is not a ticket.\n")
