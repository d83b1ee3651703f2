"""The roll-up that reports read: one row for each day, buyer, account and destination."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount, Team
from catalog.models import Country, Service
from core.money import ZERO, MoneyField

# Seconds. A wait is counted in the first column whose bound it is below; the last one has none. Each
# is at most a half above the one before, so that an estimate is never far off.
WAIT_BOUNDS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 288, 432, 648)
WAIT_COLUMNS = tuple(f"wait_{number}" for number in range(len(WAIT_BOUNDS) + 1))
LONGEST_WAIT = 1200.0  # a number lives for twenty minutes

COUNTS = ("purchases", "delivered", "failed", "cancelled", "expired")
AMOUNTS = ("held", "charged", "released", "refunded", "lost")


class TripDayQuerySet(models.QuerySet["TripDay"]):
    """Days by what a report asks for."""

    def of_numbers(self) -> "TripDayQuerySet":
        """Numbers for one SMS: what has a country and a service."""
        return self.filter(country__isnull=False)

    def of_leases(self) -> "TripDayQuerySet":
        """Leases and their renewals: what has an area."""
        return self.filter(country=None)

    def sums(self) -> dict[str, Any]:
        """Every column added up, in one query; US dollars with four decimals."""
        return _exact(self.order_by().aggregate(**_SUMS))

    def sums_by(self, *fields: str) -> list[dict[str, Any]]:
        """The same for each value of ``fields``, which each row has too; one query."""
        return [_exact(row) for row in self.order_by().values(*fields).annotate(**_SUMS)]


class TripDay(models.Model):
    """What one member bought on one account for one destination on one UTC day, and what came of it.

    Everything counts on the day on which it happened, as in ``MemberDay``, whose columns of money
    are the sums of these: a purchase on the day of its hold, its end on the day of its settlement.
    A day that is over never changes. So on one day there may be more ends than purchases.

    ``delivered`` is what came as asked for: the SMS of a number, the months of a lease. ``failed``
    is what was refused, not sent, not bought or written off. A lease that is cancelled afterwards
    stays delivered; ``refunded`` tells of it. The columns ``wait_0`` to ``wait_15`` count how long
    the first SMS took from the moment that the number was ours (``WAIT_BOUNDS``).

    Written by ``rentals.ledger`` alone, in the transaction of each entry and behind the buyer's
    ``MemberDay``, whose lock keeps writers of one buyer's rows in line.
    """

    team = models.ForeignKey(Team, models.PROTECT, related_name="+", verbose_name=_("team"))
    day = models.DateField(_("day"))
    account = models.ForeignKey(
        ProviderAccount, models.PROTECT, related_name="+", verbose_name=_("provider account")
    )
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("buyer")
    )
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, related_name="+", verbose_name=_("service")
    )
    country = models.ForeignKey(
        Country, models.PROTECT, null=True, related_name="+", verbose_name=_("country")
    )
    area_code = models.CharField(_("area code"), max_length=32, blank=True)

    purchases = models.PositiveIntegerField(_("purchases"), default=0)
    delivered = models.PositiveIntegerField(_("delivered"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    expired = models.PositiveIntegerField(_("expired"), default=0)
    held = MoneyField(_("reserved"), default=ZERO)
    charged = MoneyField(_("spent"), default=ZERO)
    released = MoneyField(_("given back"), default=ZERO)
    refunded = MoneyField(_("refunded"), default=ZERO)
    lost = MoneyField(_("written off"), default=ZERO)

    wait_0 = models.PositiveIntegerField(default=0, editable=False)
    wait_1 = models.PositiveIntegerField(default=0, editable=False)
    wait_2 = models.PositiveIntegerField(default=0, editable=False)
    wait_3 = models.PositiveIntegerField(default=0, editable=False)
    wait_4 = models.PositiveIntegerField(default=0, editable=False)
    wait_5 = models.PositiveIntegerField(default=0, editable=False)
    wait_6 = models.PositiveIntegerField(default=0, editable=False)
    wait_7 = models.PositiveIntegerField(default=0, editable=False)
    wait_8 = models.PositiveIntegerField(default=0, editable=False)
    wait_9 = models.PositiveIntegerField(default=0, editable=False)
    wait_10 = models.PositiveIntegerField(default=0, editable=False)
    wait_11 = models.PositiveIntegerField(default=0, editable=False)
    wait_12 = models.PositiveIntegerField(default=0, editable=False)
    wait_13 = models.PositiveIntegerField(default=0, editable=False)
    wait_14 = models.PositiveIntegerField(default=0, editable=False)
    wait_15 = models.PositiveIntegerField(default=0, editable=False)

    objects = TripDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of a destination")
        verbose_name_plural = _("days of destinations")
        constraints = (
            # Two, for to a unique constraint one NULL is never another.
            models.UniqueConstraint(
                fields=("team", "day", "buyer", "account", "service", "country"),
                condition=Q(country__isnull=False),
                name="tripday_once",
            ),
            models.UniqueConstraint(
                fields=("team", "day", "buyer", "account", "area_code"),
                condition=Q(country=None),
                name="tripday_once_for_leases",
            ),
            models.CheckConstraint(
                condition=Q(country__isnull=False, service__isnull=False, area_code="")
                | Q(country=None, service=None),
                name="tripday_says_of_what",
            ),
        )
        indexes = (
            models.Index(fields=("team", "day"), name="tripday_of_team"),
            models.Index(fields=("day",), name="tripday_of_day"),
        )

    def __str__(self) -> str:
        return f"{self.team} · {self.buyer} · {self.day}"


_SUMS = {
    column: Sum(column, default=ZERO if column in AMOUNTS else 0)
    for column in (*COUNTS, *AMOUNTS, *WAIT_COLUMNS)
}


def _exact(row: dict[str, Any]) -> dict[str, Any]:
    """SQLite adds floats up: what is beyond four decimals is their noise."""
    return row | {column: Decimal(row[column]).quantize(ZERO) for column in AMOUNTS}


def estimate_wait(counts: Sequence[int], share: float) -> float | None:
    """Return how many seconds ``share`` of the waits took at most, by their ``counts`` in columns.

    0.5 gives the median. Inside a column the waits are taken to be evenly spread. None without any.
    """
    total = sum(counts)
    if not total:
        return None
    wanted = share * total
    edges = pairwise((0.0, *map(float, WAIT_BOUNDS), LONGEST_WAIT))
    for (low, high), count, reached in zip(edges, counts, accumulate(counts), strict=True):
        if count and reached >= wanted:
            return low + (high - low) * (1 - (reached - wanted) / count)
    return LONGEST_WAIT
