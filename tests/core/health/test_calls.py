"""Counting calls: cheap, complete, and the same whoever asks."""

import threading

import pytest

from core.health import calls


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    calls.take()


def test_calls_are_sorted_by_outcome_and_time() -> None:
    calls.count("get/sms", "answered", 0.04)
    calls.count("get/sms", "answered", 0.3)
    calls.count("get/sms", "answer_lost", 30.0)
    calls.count("get/sms", "bad_answer", None)  # of one that was answered
    calls.count("get/number", "not_sent", 0.0)

    found = calls.figures(calls.take())

    assert list(found) == ["get/number", "get/sms"]
    sms = found["get/sms"]
    assert (sms.sent, sms.failed, sms.failed_share) == (3, 2, pytest.approx(2 / 3))
    assert sms.buckets == [1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert sms.seconds == pytest.approx(30.34)
    assert (sms.within(0.3), sms.within(0.6), sms.within(0.99)) == (0.05, 0.5, float("inf"))


def test_several_calls_are_counted_as_one() -> None:
    calls.count("get/sms", "answered", 0.04)
    calls.count("get/number", "answer_lost", 30.0)

    whole = calls.together(calls.figures(calls.take()).values())

    assert (whole.sent, whole.failed, whole.seconds) == (2, 1, pytest.approx(30.04))
    assert (whole.within(0.5), whole.within(1.0)) == (0.05, float("inf"))
    assert calls.together([]).sent == 0


def test_what_is_taken_is_counted_no_more_unless_it_is_put_back() -> None:
    calls.count("get/sms", "answered", 0.1)
    taken = calls.take()
    assert not calls.take()

    calls.put_back(taken)
    calls.count("get/sms", "answered", 0.1)

    assert calls.figures(calls.take())["get/sms"].sent == 2


def test_no_call_is_lost_between_threads() -> None:
    taken = []

    def work() -> None:
        for _ in range(5_000):
            calls.count("get/sms", "answered", 0.1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken.append(calls.take())
    taken.append(calls.take())

    assert sum(each["get/sms|answered"] for each in taken) == 20_000
