"""When a number is asked about."""

import math

import pytest

from rentals.poller.schedule import Schedule, interval_at


@pytest.mark.parametrize(
    ("age", "interval"),
    [
        (-3600, 2),
        (0, 2),
        (89.9, 2),
        (90, 4),
        (239.9, 4),
        (240, 8),
        (599.9, 8),
        (600, 15),
        (86400, 15),
    ],
)
def test_a_number_is_polled_less_often_as_it_ages(age, interval):
    assert interval_at(age) == interval


@pytest.mark.parametrize("age", [0, 100, 1000])
def test_a_received_number_is_polled_slowly_for_a_second_sms(age):
    assert interval_at(age, received=True) == 15


def test_the_most_overdue_comes_first_and_equals_in_order():
    schedule = Schedule()
    for due, name in ((3, "third"), (1, "first"), (2, "second"), (1, "first too")):
        schedule.add(due, name)

    assert schedule.next_due() == 1
    assert [schedule.pop() for _ in range(len(schedule))] == [
        "first",
        "first too",
        "second",
        "third",
    ]


def test_nothing_to_do_is_due_never():
    assert Schedule().next_due() == math.inf
