"""One rule for percent on every page."""

from collections.abc import Callable

import pytest

from core.money import ZERO
from core.rates import whole_percent
from rentals.admin.figures import Line
from rentals.delivery import Record
from reports.tally import Tally

RATES = [
    (0, 7, 0),
    (1, 300, 1),
    (1, 8, 13),
    (7, 8, 88),
    (10, 11, 91),
    (85, 94, 90),
    (15, 15, 100),
    (199, 200, 99),
]


@pytest.mark.parametrize(("part", "whole", "percent"), RATES)
def test_the_nearest_percent_and_all_or_none_only_where_that_is_so(
    part: int, whole: int, percent: int
) -> None:
    assert whole_percent(part, whole) == percent


def of_the_desk(part: int, whole: int) -> int | None:
    return Record(ended=whole, delivered=part, wait=None).percent


def of_spend(part: int, whole: int) -> int | None:
    return Tally(bought=whole + 3, delivered=part, expired=whole - part, failed=1).percent


def of_the_admin(part: int, whole: int) -> int | None:
    return Line("", None, whole + 3, part, whole, ZERO, None).success


@pytest.mark.parametrize(("part", "whole", "percent"), RATES)
@pytest.mark.parametrize("page", [of_the_desk, of_spend, of_the_admin])
def test_every_page_says_the_same(
    page: Callable[[int, int], int | None], part: int, whole: int, percent: int
) -> None:
    assert page(part, whole) == percent
