"""The price history stays bounded."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog import tasks
from catalog.models import Offer, PricePoint
from catalog.thinning import thin_history
from tests.factories import make_offer

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday


def add(offer: Offer, days_ago: float, cost: str = "0.10") -> PricePoint:
    at = NOW - timedelta(days=days_ago)
    return PricePoint.objects.create(offer=offer, cost=Decimal(cost), stock=1, at=at)


def left() -> list[int]:
    return list(PricePoint.objects.order_by("pk").values_list("pk", flat=True))


def test_a_year_stays_as_it_is():
    offer = make_offer()
    for days in (365, 364.9, 200, 1, 0.5, 0.1):
        add(offer, days)
    assert thin_history(NOW) == 0


def test_of_an_older_week_its_last_level_stays():
    offer, other = make_offer(), make_offer()
    monday = 7 * 60 + 1  # days before NOW: a Monday at noon
    add(offer, monday)
    add(offer, monday - 3)
    last = add(offer, monday - 6)  # Sunday
    following = add(offer, monday - 7)  # the next Monday
    others = add(other, monday - 3)
    assert thin_history(NOW) == 2
    assert left() == [last.pk, following.pk, others.pk]
    assert thin_history(NOW) == 0


def test_two_points_of_one_moment_leave_the_later_one():
    offer = make_offer()
    add(offer, 500, "0.10")
    last = add(offer, 500, "0.20")
    thin_history(NOW)
    assert left() == [last.pk]


def test_after_three_years_the_level_stays_with_which_the_picture_begins():
    offer = make_offer()
    for days in (2000, 1500):
        add(offer, days)
    begins, newer = add(offer, 1200), add(offer, 800)
    thin_history(NOW)
    assert left() == [begins.pk, newer.pk]


def test_the_only_point_of_an_offer_is_never_taken():
    point = add(make_offer(), 5000)
    thin_history(NOW)
    assert left() == [point.pk]


def test_every_batch_of_offers_has_its_turn(monkeypatch):
    monkeypatch.setattr("catalog.thinning.OFFERS_AT_ONCE", 2)
    kept = []
    for _number in range(5):
        offer = make_offer()
        add(offer, 2000)
        kept.append(add(offer, 1900).pk)
    assert thin_history(NOW) == 5
    assert left() == kept


def test_the_task_goes_by_the_clock():
    offer = make_offer()
    for _number in range(2):
        add(offer, 4000)
    tasks.thin_history()
    assert len(left()) == 1
