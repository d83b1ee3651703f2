"""The days that figures are about, as an address says them."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.utils import timezone

from core.periods import Change, Period, read_period

TODAY = datetime(2026, 3, 4, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today() -> object:
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("today", date(2026, 3, 4), date(2026, 3, 4)),
        ("7d", date(2026, 2, 26), date(2026, 3, 4)),
        ("30d", date(2026, 2, 3), date(2026, 3, 4)),
        ("month", date(2026, 3, 1), date(2026, 3, 4)),
        ("last-month", date(2026, 2, 1), date(2026, 2, 28)),
        ("365d", date(2025, 3, 5), date(2026, 3, 4)),
    ],
)
def test_a_preset_moves_along_with_the_days(preset: str, first: date, last: date) -> None:
    period = read_period({"period": preset})
    assert period == Period(first, last, preset)
    assert period.query == f"period={preset}"


def test_any_days_can_be_asked_for() -> None:
    period = read_period({"from": "2025-12-31", "to": "2026-01-02", "period": "today"})
    assert period == Period(date(2025, 12, 31), date(2026, 1, 2))
    assert period.query == "from=2025-12-31&to=2026-01-02"
    assert len(period.days) == 3


@pytest.mark.parametrize(
    ("fields", "first", "last"),
    [
        ({"from": "2026-03-01"}, date(2026, 3, 1), date(2026, 3, 4)),
        ({"to": "2026-03-01"}, date(2026, 3, 1), date(2026, 3, 1)),
        ({"from": "2026-04-01"}, date(2026, 3, 4), date(2026, 3, 4)),
        ({"from": "2026-03-03", "to": "2026-03-01"}, date(2026, 3, 1), date(2026, 3, 3)),
        ({"from": "0001-01-01", "to": "2026-03-01"}, date(2021, 2, 25), date(2026, 3, 1)),
        ({"from": "0001-01-01", "to": "0001-01-02"}, date(1, 1, 1), date(1, 1, 2)),
        ({"from": "1900-01-01", "to": "2100-01-01"}, date(2021, 2, 28), date(2026, 3, 4)),
        ({"from": "0001-01-01", "to": "9999-12-31"}, date(2021, 2, 28), date(2026, 3, 4)),
        ({"from": "2026-02-01", "to": "2026-12-31"}, date(2026, 2, 1), date(2026, 3, 4)),
    ],
    ids=[
        *("open end", "open start", "tomorrow", "wrong way round", "too long", "the first days"),
        *("both ways too far", "all of time", "to the end of the year"),
    ],
)
def test_odd_days_become_a_period_all_the_same(
    fields: dict[str, str], first: date, last: date
) -> None:
    assert read_period(fields) == Period(first, last)


@pytest.mark.parametrize(
    "fields", [{}, {"period": "x"}, {"from": "2026-02-30"}, {"from": "x", "to": "1"}]
)
def test_what_makes_no_sense_is_thirty_days(fields: dict[str, str]) -> None:
    assert read_period(fields).preset == "30d"


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"from": "2026-03-01", "to": "2026-03-04"}, ()),
        ({"from": "2026-03-01"}, ()),
        ({"period": "7d"}, ()),
        ({"from": "", "to": ""}, ()),
        ({"from": "2026-03-03", "to": "2026-03-01"}, (Change.TURNED,)),
        ({"from": "2026-02-01", "to": "2026-12-31"}, (Change.AHEAD,)),
        ({"from": "2026-04-01"}, (Change.AHEAD,)),
        ({"from": "2015-01-01", "to": "2026-03-04"}, (Change.TOO_LONG,)),
        ({"from": "1900-01-01", "to": "2100-01-01"}, (Change.AHEAD, Change.TOO_LONG)),
        ({"from": "9999-12-31", "to": "0001-01-01"}, tuple(Change)[1:]),
        ({"from": "2026-02-30", "to": "2026-03-01"}, (Change.NO_DATE,)),
        ({"from": "yesterday"}, (Change.NO_DATE,)),
    ],
)
def test_it_says_what_was_made_of_it(fields: dict[str, str], changes: tuple[Change, ...]) -> None:
    assert read_period(fields).changes == changes


@pytest.mark.parametrize(
    ("zone", "last"),
    [("Pacific/Auckland", date(2026, 3, 5)), ("America/Los_Angeles", date(2026, 3, 4))],
)
def test_today_is_the_later_of_utc_and_of_the_reader(zone: str, last: date) -> None:
    """West of Greenwich the books have already begun a day that the reader has not."""
    with (
        time_machine.travel(datetime(2026, 3, 4, 13, 0, tzinfo=UTC), tick=False),
        timezone.override(zone),
    ):
        assert read_period({"from": "2026-03-01", "to": "2030-01-01"}).last == last
