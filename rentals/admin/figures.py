"""What the overview and the statements add up: the roll-up by day alone, never purchases one by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import ProviderAccount, Team
from catalog.models import Country, Service
from core.money import ZERO
from core.periods import Period
from core.rates import whole_percent
from rentals.models import Activation, Lease, Purchase, TripDay
from rentals.models.day import WAIT_COLUMNS, TripDayQuerySet, estimate_wait
from rentals.states import LEASE_KEPT

MOST_NAMED = 12
DAYS_DRAWN = 62  # a longer period is drawn by months


@dataclass(frozen=True, slots=True)
class Line:
    """What a team, an account or a destination did in a period; money in US dollars.

    ``ended`` is what Spend counts too: what was refused never became a number, and did not end.
    """

    name: str
    key: Any
    purchases: int
    delivered: int
    ended: int
    spent: Decimal
    wait: float | None

    @property
    def success(self) -> int | None:
        """Of a hundred that ended, how many delivered; None where none ended."""
        return whole_percent(self.delivered, self.ended) if self.ended else None


def line_of(name: str, key: Any, row: dict[str, Any]) -> Line:
    """Read a row of sums."""
    ended = sum(row[column] for column in ("delivered", "cancelled", "expired"))
    return Line(
        name=name,
        key=key,
        purchases=row["purchases"],
        delivered=row["delivered"],
        ended=ended,
        spent=spent_of(row),
        wait=estimate_wait([row[column] for column in WAIT_COLUMNS], 0.5),
    )


def spent_of(row: dict[str, Any]) -> Decimal:
    """Charges and losses less refunds."""
    return Decimal(row["charged"] + row["lost"] - row["refunded"])


def days_of(period: Period) -> TripDayQuerySet:
    """The roll-up of those days."""
    return TripDay.objects.filter(day__range=(period.first, period.last))


def total_of(days: TripDayQuerySet) -> Line:
    """Everything of the period."""
    return line_of(_("all"), None, days.sums())


def by_day(days: TripDayQuerySet, period: Period) -> list[Line]:
    """A line for each day, those without any purchase included; by month where that is too many."""
    rows = {row["day"]: row for row in days.sums_by("day")}
    if len(period.days) > DAYS_DRAWN:
        return _by_month(rows)
    return [
        line_of(day.isoformat(), day, rows[day])
        if day in rows
        else Line(day.isoformat(), day, 0, 0, 0, ZERO, None)
        for day in period.days
    ]


def _by_month(rows: dict[date, dict[str, Any]]) -> list[Line]:
    months: dict[str, dict[str, Any]] = {}
    for day, row in sorted(rows.items()):
        month = months.setdefault(f"{day:%Y-%m}", dict.fromkeys(row, 0))
        for column, value in row.items():
            if column != "day":
                month[column] += value
    return [line_of(name, name, row) for name, row in months.items()]


def by_service(days: TripDayQuerySet) -> list[Line]:
    """The services that most was spent on."""
    return _top(days.of_numbers(), "service", Service.objects.all())


def by_country(days: TripDayQuerySet) -> list[Line]:
    """The countries that most was spent on."""
    return _top(days.of_numbers(), "country", Country.objects.all())


def by_team(days: TripDayQuerySet) -> list[Line]:
    """The teams that spent most."""
    return _top(days, "team", Team.objects.all())


def by_account(days: TripDayQuerySet) -> list[Line]:
    """The provider accounts that most was spent on."""
    return _top(days, "account", ProviderAccount.objects.select_related("team"))


def _top(days: TripDayQuerySet, field: str, things: QuerySet[Any]) -> list[Line]:
    """The first dozen by money; only their names are read."""
    money = Sum("charged", default=ZERO) + Sum("lost", default=ZERO) - Sum("refunded", default=ZERO)
    ranked = days.order_by().values(field).annotate(money=money, bought=Sum("purchases"))
    keys = [row[field] for row in ranked.order_by("-money", "-bought", field)[:MOST_NAMED]]
    names = {thing.pk: _name(thing) for thing in things.filter(pk__in=keys)}
    rows = {row[field]: row for row in days.filter(**{f"{field}__in": keys}).sums_by(field)}
    return [line_of(names[key], key, rows[key]) for key in keys if key in names and key in rows]


def _name(thing: Any) -> str:
    return f"{thing.name} · {thing.team}" if isinstance(thing, ProviderAccount) else str(thing)


def now() -> dict[str, Any]:
    """What is open and reserved at this moment; each from an index that holds the open rows alone."""
    return {
        "open": Activation.objects.watched().open().count(),
        "leases": Lease.objects.filter(state__in=LEASE_KEPT).aggregate(n=Count("pk"))["n"],
        "reserved": Purchase.objects.reserved(),
    }


def add_up(lines: Iterable[Line]) -> Decimal:
    """The money of several lines."""
    return sum((line.spent for line in lines), ZERO)
