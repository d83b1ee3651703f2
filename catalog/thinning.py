"""Keeping the history of prices bounded: every change for a year, one a week for two more, then the last.

An offer may change at each of a day's hundred readings, and there are tens of thousands of offers;
nobody asks what one of them cost at a quarter past three two years ago. What stays of a week is its
last point, the level that holds until the next one. The newest point of an offer is never taken,
however old: it says what holds today.
"""

import logging
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import TruncWeek

from catalog.models import Offer, PricePoint

logger = logging.getLogger(__name__)

EVERY_CHANGE = timedelta(days=366)
EVERY_WEEK = timedelta(days=3 * 366)
OFFERS_AT_ONCE = 1000  # a transaction of its own for each: nobody waits for the whole


def thin_history(now: datetime) -> int:
    """Delete what is older than is kept as of ``now``; return how many points. Safe to run twice."""
    last = Offer.objects.aggregate(last=Max("pk"))["last"] or 0
    deleted = 0
    for first in range(0, last + 1, OFFERS_AT_ONCE):
        points = PricePoint.objects.filter(offer__gte=first, offer__lt=first + OFFERS_AT_ONCE)
        deleted += _forget(points, now - EVERY_WEEK) + _keep_weekly(points, now - EVERY_CHANGE)
    if deleted:
        logger.info("catalogue: %d old price points were taken out", deleted)
    return deleted


def _later(before: datetime) -> QuerySet[PricePoint]:
    """Later points of the same offer, which are old too."""
    after = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    return PricePoint.objects.filter(after, offer=OuterRef("offer"), at__lt=before)


def _forget(points: QuerySet[PricePoint], before: datetime) -> int:
    """Delete all but the newest of each offer that is that old: the picture begins at its level."""
    return points.filter(Exists(_later(before)), at__lt=before).delete()[0]


def _keep_weekly(points: QuerySet[PricePoint], before: datetime) -> int:
    """Delete all but the last of each week (from Monday, UTC) that is over and that old."""
    week = TruncWeek("at", tzinfo=UTC)
    begins = before.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins -= timedelta(days=begins.weekday())
    same_week = _later(begins).annotate(week=week).filter(week=OuterRef("week"))
    old = points.filter(at__lt=begins).annotate(week=week)
    return old.filter(Exists(same_week)).delete()[0]
