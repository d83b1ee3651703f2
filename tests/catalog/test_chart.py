"""A price's history as a picture."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.chart import (
    HEIGHT,
    MOST_KEPT,
    STOCK_HEIGHT,
    WIDTH,
    Band,
    Dot,
    Level,
    Span,
    draw,
    read_levels,
    thin,
)
from catalog.models import Offer, PricePoint
from tests.factories import make_offer

START = datetime(2026, 2, 6, tzinfo=UTC)


def level(hours: float, cost: str, stock: int = 1) -> Level:
    return Level(START + timedelta(hours=hours), Decimal(cost), stock)


def test_steps_run_from_the_first_change_to_now():
    picture = draw([level(0, "0.10"), level(5, "0.20")], until=START + timedelta(hours=10))
    assert picture.price == f"M0 {HEIGHT}V{HEIGHT}H{WIDTH // 2}V0H{WIDTH}"
    assert (picture.lowest.cost, picture.highest.cost) == (Decimal("0.10"), Decimal("0.20"))
    assert picture.dots == (Dot(0, HEIGHT), Dot(WIDTH // 2, 0), Dot(WIDTH, 0))
    assert picture.moments[0] == START
    assert picture.moments[-1] == START + timedelta(hours=10)
    assert picture.is_short
    assert not draw([level(0, "1")], until=START + timedelta(days=3)).is_short


@pytest.mark.parametrize(
    ("hours", "labels"),
    [
        (1 / 60, ["00:00:00", "00:00:15", "00:00:30", "00:00:45", "00:01:00"]),
        (4, ["00:00", "01:00", "02:00", "03:00", "04:00"]),
        (24, ["6 Feb, 00:00", "6 Feb, 06:00", "6 Feb, 12:00", "6 Feb, 18:00", "7 Feb, 00:00"]),
        (72, ["6 Feb, 00:00", "6 Feb, 18:00", "7 Feb, 12:00", "8 Feb, 06:00", "9 Feb, 00:00"]),
        (24 * 30, ["6 Feb", "13 Feb", "21 Feb", "28 Feb", "8 Mar"]),
        (2 / 3600, ["00:00:00", "", "00:00:01", "", "00:00:02"]),
    ],
    ids=["a minute", "hours", "a day", "three days", "a month", "two seconds"],
)
def test_no_two_moments_are_called_alike(hours: float, labels: list[str]):
    picture = draw([level(0, "1")], until=START + timedelta(hours=hours))
    assert picture.labels == labels


def test_a_price_that_never_changed_is_a_line_in_the_middle():
    picture = draw([level(0, "0.10")], until=START + timedelta(hours=1))
    assert picture.price == f"M0 {HEIGHT // 2}V{HEIGHT // 2}H{WIDTH}"
    assert picture.is_flat
    assert picture.dots == (Dot(WIDTH, HEIGHT // 2),)


def test_times_without_stock_are_bands_and_count():
    history = [level(0, "1"), level(5, "1", stock=0), level(7, "2", stock=0), level(10, "1")]
    picture = draw(history, until=START + timedelta(hours=20))
    assert picture.sold_out == (Band(WIDTH // 4, WIDTH // 4),)
    assert picture.share_in_stock == 75


def test_a_moment_without_stock_is_not_rounded_away():
    history = [level(0, "1"), level(1, "1", stock=0), level(1.1, "1")]
    picture = draw(history, until=START + timedelta(hours=1000))
    assert len(picture.sold_out) == 1
    assert picture.share_in_stock == 99
    assert draw([level(0, "1")], until=START + timedelta(hours=1)).share_in_stock == 100


def test_the_stock_is_an_area_from_nothing_to_the_most():
    picture = draw([level(0, "1", 50), level(5, "1", 100)], until=START + timedelta(hours=10))
    half = STOCK_HEIGHT // 2
    area = f"M0 {STOCK_HEIGHT}V{half}H{WIDTH // 2}V0H{WIDTH}V{STOCK_HEIGHT}Z"
    assert (picture.stock, picture.most) == (area, 100)
    assert picture.stock_line == f"M0 {half}V{half}H{WIDTH // 2}V0H{WIDTH}"


def test_what_was_never_in_stock_divides_by_nothing():
    picture = draw([level(0, "1", 0)], until=START + timedelta(hours=1))
    assert (picture.most, picture.share_in_stock) == (0, 0)


def test_without_history_there_is_nothing_to_draw():
    assert draw([], until=START) is None
    assert draw([level(0, "1")], until=START) is None


def test_a_short_history_stays_as_it_is():
    history = [level(n, "1") for n in range(MOST_KEPT)]
    assert thin(history, START + timedelta(hours=MOST_KEPT)) == history


def test_a_long_history_is_thinned_and_keeps_its_extremes_and_its_gaps():
    history = [level(n, f"{1 + n % 7}") for n in range(20_000)]
    history[7_777] = level(7_777, "0.01")
    history[12_345] = level(12_345, "99")
    history[15_000] = level(15_000, "3", stock=0)
    until = START + timedelta(hours=20_000)
    kept = thin(history, until)
    assert len(kept) <= MOST_KEPT
    assert kept == sorted(kept)
    assert {history[n] for n in (0, 7_777, 12_345, 15_000, 19_999)} <= set(kept)
    picture = draw(history, until=until)
    assert picture.price.count("H") == len(kept)
    assert [band.x for band in picture.sold_out] == [750]


@pytest.fixture
def offer(db: None) -> Offer:
    offer = make_offer(cost="0.30", stock=7)
    now = timezone.now()
    for days, cost, stock in ((40, "0.10", 5), (10, "0.20", 0), (3, "0.30", 9)):
        at = now - timedelta(days=days)
        PricePoint.objects.create(offer=offer, cost=Decimal(cost), stock=stock, at=at)
    return offer


@pytest.mark.parametrize(
    ("span", "stocks"),
    [(Span.ALL, [5, 0, 9, 7]), (Span.MONTH, [5, 0, 9, 7]), (Span.WEEK, [0, 9, 7]), ("day", [9, 7])],
)
def test_a_history_begins_with_what_held_then_and_ends_with_now(
    offer, span, stocks, django_assert_max_num_queries
):
    now = timezone.now()
    with django_assert_max_num_queries(2):
        levels = read_levels(offer, span, now)
    assert [level.stock for level in levels] == stocks
    assert levels == sorted(levels, key=lambda level: level.at)
    if span != Span.ALL:
        assert levels[0].at == now - {"month": timedelta(30), "week": timedelta(7)}.get(
            span, timedelta(1)
        )


def test_of_an_endless_history_the_newest_is_read(offer, monkeypatch):
    monkeypatch.setattr("catalog.chart.MAX_READ", 2)
    levels = read_levels(offer, Span.ALL, timezone.now())
    assert [level.stock for level in levels] == [0, 9, 7]
