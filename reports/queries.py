"""What reports ask the database, each with its name: the roll-up ``TripDay``, and entries for tags."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team
from core.periods import Period
from core.places import country_name
from rentals.models import TripDay
from rentals.models.day import TripDayQuerySet
from reports.tags import tally_tags
from reports.tally import Tally

Row = dict[str, Any]
SHOWN = 50  # lines of a table; the rest is one line


class By(TextChoices):
    """What the lines of a table are."""

    SERVICE = "service", gettext_lazy("service")
    COUNTRY = "country", gettext_lazy("country")
    MEMBER = "member", gettext_lazy("member")
    ACCOUNT = "account", gettext_lazy("provider account")
    TAG = "tag", gettext_lazy("tag")


@dataclass(slots=True)
class Line:
    """One line of a table; ``flag`` is a country's code, ``query`` finds its purchases in history."""

    label: str
    tally: Tally
    flag: str = ""
    query: tuple[str, object] | None = None


def trips_of(team: Team, period: Period) -> TripDayQuerySet:
    """Everything that ``team`` did in ``period``."""
    return TripDay.objects.filter(team=team, day__gte=period.first, day__lte=period.last)


def tally_days(team: Team, period: Period) -> dict[date, Tally]:
    """Return a line for each day of ``period``, empty ones too; two queries."""
    days = {day: Tally() for day in period.days}
    trips = trips_of(team, period)
    for leased, rows in ((False, trips.of_numbers()), (True, trips.of_leases())):
        for row in rows.sums_by("day"):
            days[row["day"]].add(row, leased=leased)
    return days


def tally_by(by: By, team: Team, period: Period) -> list[Line]:
    """Return the lines of ``period``, the dearest first, at most ``SHOWN`` and the rest; two queries."""
    if by == By.TAG:
        tagged = tally_tags(team, period).items()
        return _shorten(
            sorted(
                (Line(name, tally, query=("tag", pk)) for (pk, name), tally in tagged), key=_dearest
            )
        )
    fields, key, label = _TABLES[by]
    lines: dict[object, Line] = {}
    trips = trips_of(team, period)
    for leased, rows in ((False, trips.of_numbers()), (True, trips.of_leases())):
        for row in rows.sums_by(*fields):
            line = lines.setdefault(key(row), label(row))
            line.tally.add(row, leased=leased)
    return _shorten(sorted(lines.values(), key=_dearest))


def _dearest(line: Line) -> tuple[Any, ...]:
    return -line.tally.spent, -line.tally.bought, line.label


def _shorten(lines: list[Line]) -> list[Line]:
    if len(lines) <= SHOWN + 1:
        return lines
    rest = Line(_("All others (%(count)d)") % {"count": len(lines) - SHOWN}, Tally())
    for line in lines[SHOWN:]:
        rest.tally.merge(line.tally)
    return [*lines[:SHOWN], rest]


def _service(row: Row) -> Line:
    if row["service"] is None:
        return Line(_("Leases"), Tally())
    return Line(row["service__title"], Tally(), query=("service", row["service"]))


def _country(row: Row) -> Line:
    if row["country"] is None:
        label = _("Leases in %(area)s") % {"area": row["area_code"]}
        return Line(label, Tally(), flag=row["area_code"])
    return Line(
        country_name(row["country__iso_code"], row["country__title"]),
        Tally(),
        flag=row["country__iso_code"],
        query=("country", row["country"]),
    )


def _member(row: Row) -> Line:
    name = row["buyer__name"] or row["buyer__email"].partition("@")[0]
    return Line(name, Tally(), query=("member", row["buyer"]))


def _account(row: Row) -> Line:
    return Line(row["account__name"], Tally(), query=("account", row["account"]))


_TABLES: dict[By, tuple[tuple[str, ...], Callable[[Row], object], Callable[[Row], Line]]] = {
    By.SERVICE: (("service", "service__title"), lambda row: row["service"], _service),
    By.COUNTRY: (
        ("country", "country__title", "country__iso_code", "area_code"),
        lambda row: (row["country"], row["area_code"]),
        _country,
    ),
    By.MEMBER: (("buyer", "buyer__name", "buyer__email"), lambda row: row["buyer"], _member),
    By.ACCOUNT: (("account", "account__name"), lambda row: row["account"], _account),
}
