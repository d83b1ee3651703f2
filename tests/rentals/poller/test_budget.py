"""What an account may ask for: a rate, pauses, one probe."""

import math

import pytest

from rentals.poller.budget import Breaker, RateBucket, pause_after


def spend(bucket, now):
    """Take as many polls as the bucket allows at one moment."""
    taken = 0
    while bucket.ready_at() <= now:
        bucket.take(now)
        taken += 1
    return taken


def test_a_bucket_allows_its_burst_at_once_and_then_its_rate():
    bucket = RateBucket(rate=8, burst=4)

    assert spend(bucket, 100.0) == 4
    assert spend(bucket, 100.0) == 0
    assert bucket.ready_at() == pytest.approx(100.125)
    assert sum(spend(bucket, 100 + step / 100) for step in range(1001)) == pytest.approx(80, abs=1)


def test_a_rested_bucket_saves_up_no_more_than_its_burst():
    bucket = RateBucket(rate=8, burst=4)
    spend(bucket, 100.0)

    assert spend(bucket, 10_000.0) == 4


def test_pauses_double_up_to_a_minute():
    assert [pause_after(n) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pause_after(10_000) == 60


@pytest.fixture
def breaker():
    return Breaker(jitter=lambda: 0.5)


def fail(breaker, *moments):
    return [breaker.failed(at, at) for at in moments]


def test_one_bad_number_never_stops_an_account(breaker):
    for moment in range(100):
        breaker.failed(moment, moment)
        breaker.succeeded(moment)

    assert breaker.ready_at() == -math.inf


def test_three_failures_in_a_row_open_it_for_a_second(breaker):
    assert fail(breaker, 10, 11, 12) == [False, False, True]
    assert breaker.ready_at() == 13


def test_after_the_pause_one_probe_goes(breaker):
    fail(breaker, 10, 11, 12)
    breaker.sent()

    assert breaker.ready_at() == math.inf


def test_the_probes_failure_doubles_the_pause_up_to_a_minute(breaker):
    fail(breaker, 10, 11, 12)
    pauses = []
    for _ in range(8):
        now = breaker.ready_at()
        breaker.sent()
        breaker.failed(now, now)
        pauses.append(breaker.ready_at() - now)

    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


def test_the_probes_success_closes_it_and_forgives_everything(breaker):
    fail(breaker, 10, 11, 12)
    breaker.sent()

    assert breaker.succeeded(13) is True
    assert breaker.ready_at() == -math.inf
    assert fail(breaker, 20, 21, 22) == [False, False, True]
    assert breaker.ready_at() == 23


def test_answers_to_polls_from_before_it_opened_say_nothing(breaker):
    fail(breaker, 10, 11, 12)

    assert breaker.succeeded(11.9) is False
    assert fail(breaker, 12, 12, 12) == [False, False, False]
    assert breaker.ready_at() == 13
    breaker.sent()
    breaker.succeeded(13)
    assert [breaker.failed(30, 11.9) for _ in range(3)] == [False, False, False]
    assert breaker.ready_at() == -math.inf


@pytest.mark.parametrize(
    ("retry_after", "until"), [(None, 11), (0, 11), (30, 40), (10**9, 310), (math.inf, 310)]
)
def test_a_429_opens_it_at_once_for_as_long_as_asked_within_reason(breaker, retry_after, until):
    assert breaker.limited(10, 10, retry_after) is True
    assert breaker.ready_at() == until


def test_jitter_keeps_accounts_from_coming_back_together():
    def pause(jitter):
        breaker = Breaker(jitter=lambda: jitter)
        fail(breaker, 0, 0, 0)
        return breaker.ready_at()

    assert (pause(0.0), pause(1.0)) == (0.75, 1.25)
