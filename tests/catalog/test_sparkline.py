"""A price's history as a picture."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from catalog.models import PricePoint
from catalog.sparkline import HEIGHT, MARGIN, WIDTH, Band, draw

START = datetime(2026, 2, 6, tzinfo=UTC)


def point(hours: int, cost: str, stock: int = 1) -> PricePoint:
    return PricePoint(cost=Decimal(cost), stock=stock, at=START + timedelta(hours=hours))


def test_steps_run_from_the_first_change_to_now():
    picture = draw([point(0, "0.10"), point(5, "0.20")], until=START + timedelta(hours=10))
    low, high, middle = HEIGHT - MARGIN, MARGIN, WIDTH // 2
    assert picture.points == f"0,{low} {middle},{low} {middle},{high} {WIDTH},{high}"
    assert (picture.lowest, picture.highest) == (Decimal("0.10"), Decimal("0.20"))


def test_a_price_that_never_changed_is_a_line_in_the_middle():
    picture = draw([point(0, "0.10")], until=START + timedelta(hours=1))
    assert picture.points == f"0,{HEIGHT // 2} {WIDTH},{HEIGHT // 2}"


def test_times_without_stock_are_bands():
    history = [point(0, "1"), point(5, "1", stock=0), point(10, "1")]
    picture = draw(history, until=START + timedelta(hours=20))
    assert picture.sold_out == (Band(WIDTH // 4, WIDTH // 4),)


def test_without_history_there_is_nothing_to_draw():
    assert draw([], until=START) is None
    assert draw([point(0, "1")], until=START) is None
