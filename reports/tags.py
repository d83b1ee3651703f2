"""Lines by tag. A tag can be changed at any time, so these come from the entries, not from a roll-up."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, IntegerField, QuerySet, Sum, Value, When

from accounts.models import Team
from core.money import ZERO
from core.periods import Period
from rentals import rollup
from rentals.models import LedgerEntry
from rentals.models.day import AMOUNTS, COUNTS, WAIT_BOUNDS, WAIT_COLUMNS
from rentals.models.purchase import LEASE_KINDS
from reports.tally import Tally

Row = dict[str, Any]
NO_WAIT = -1


def tally_tags(team: Team, period: Period) -> dict[tuple[int, str], Tally]:
    """Return a tally for each tag, by its primary key and name; one query, bounded by the period.

    A purchase with several tags counts in each of them, one without tags in none.
    """
    tallies: dict[tuple[int, str], Tally] = {}
    for row in _rows(team, period):
        tally = tallies.setdefault((row["purchase__tags"], row["purchase__tags__name"]), Tally())
        tally.add(_sums(row), leased=row["purchase__kind"] in LEASE_KINDS)
    return tallies


def _rows(team: Team, period: Period) -> QuerySet[LedgerEntry, Row]:
    start = datetime.combine(period.first, time.min, UTC)
    end = datetime.combine(period.last, time.min, UTC) + timedelta(days=1)
    entries = LedgerEntry.objects.filter(
        team=team, created__gte=start, created__lt=end, purchase__tags__isnull=False
    )
    activation = "purchase__activation__"
    wait = F(activation + "received_at") - F(activation + "created")
    below = (When(wait__lt=timedelta(seconds=s), then=n) for n, s in enumerate(WAIT_BOUNDS))
    place = Case(*below, default=Value(len(WAIT_BOUNDS)), output_field=IntegerField())
    delivered = When(kind=LedgerEntry.Kind.CHARGE, wait__isnull=False, then=place)
    return (
        entries.annotate(wait=wait)
        .annotate(place=Case(delivered, default=Value(NO_WAIT), output_field=IntegerField()))
        .order_by()
        .values(
            *("purchase__tags", "purchase__tags__name", "purchase__kind"),
            *("kind", activation + "state", "place"),
        )
        .annotate(total=Sum("amount"), count=Count("pk"))
    )


def _sums(row: Row) -> Row:
    """A group of entries as if it were columns of the roll-up."""
    kind = LedgerEntry.Kind(row["kind"])
    sums: Row = dict.fromkeys((*COUNTS, *WAIT_COLUMNS), 0) | dict.fromkeys(AMOUNTS, ZERO)
    # SQLite adds floats up: what is beyond four decimals is their noise.
    sums[rollup.DAY_COLUMN[kind]] = Decimal(row["total"]).quantize(ZERO)
    counted = rollup.column_of(kind, row["purchase__activation__state"] or "")
    if counted:
        sums[counted] = row["count"]
    if row["place"] != NO_WAIT:
        sums[WAIT_COLUMNS[row["place"]]] = row["count"]
    return sums
