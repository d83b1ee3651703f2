"""The roll-up by destination recomputed, a day of a team at a time, so that memory stays small."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Team
from core.money import ZERO
from rentals import rollup
from rentals.models import LedgerEntry, MemberDay, TripDay
from rentals.models.day import AMOUNTS, COUNTS, WAIT_COLUMNS

BATCH = 1000
KEY = ("account_id", "buyer_id", "service_id", "country_id", "area_code")
COLUMNS = (*COUNTS, *AMOUNTS, *WAIT_COLUMNS)

Key = tuple[Any, ...]  # the values of KEY
Sums = dict[str, Any]  # the COLUMNS


def check_rollup(*, fix: bool = False) -> Iterator[str]:
    """Yield each difference between a ``TripDay`` and what its entries and numbers say.

    With ``fix`` it is written anew from them. The days looked at are those that have any roll-up:
    ``check_days`` finds the ones that have none.
    """
    for team_id in Team.objects.order_by("pk").values_list("pk", flat=True).iterator(BATCH):
        of_members = MemberDay.objects.filter(team_id=team_id).order_by().values_list("day")
        of_trips = TripDay.objects.filter(team_id=team_id).order_by().values_list("day")
        for (day,) in of_members.union(of_trips).order_by("day"):
            right, kept = _from_entries(team_id, day), _from_rows(team_id, day)
            for key in right.keys() | kept.keys():
                if right.get(key, _nothing()) != kept.get(key, _nothing()):
                    yield from _look_again(team_id, day, key, fix=fix)


def _look_again(team_id: int, day: date, key: Key, *, fix: bool) -> Iterator[str]:
    """Who writes a row has its buyer's day locked, to the end of the entry's transaction."""
    row = {"team_id": team_id, "day": day, **dict(zip(KEY, key, strict=True))}
    with transaction.atomic():
        member = MemberDay.objects.filter(team_id=team_id, day=day, member_id=row["buyer_id"])
        list(member.select_for_update())
        if fix:
            TripDay.objects.bulk_create([TripDay(**row)], ignore_conflicts=True)
        right = _from_entries(team_id, day).get(key, _nothing())
        kept = _from_rows(team_id, day).get(key, _nothing())
        if fix:
            TripDay.objects.filter(**row).update(**right)
    whose = ", ".join(f"{name} {value}" for name, value in row.items() if value not in (None, ""))
    for column, amount in right.items():
        if kept[column] != amount:
            yield f"{whose}: {column} {kept[column]}, its entries say {amount}"


def _from_entries(team_id: int, day: date) -> dict[Key, Sums]:
    midnight = datetime.combine(day, time.min, UTC)
    entries = LedgerEntry.objects.filter(
        team_id=team_id, created__gte=midnight, created__lt=midnight + timedelta(days=1)
    )
    found: dict[Key, Sums] = {}
    for entry in entries.select_related("purchase__activation").iterator(BATCH):
        key = rollup.key_of(entry, entry.purchase)
        sums = found.setdefault(tuple(key[name] for name in KEY), _nothing())
        for column, amount in rollup.additions(entry, entry.purchase):
            sums[column] += amount
    return found


def _from_rows(team_id: int, day: date) -> dict[Key, Sums]:
    rows = TripDay.objects.filter(team_id=team_id, day=day).values(*KEY, *COLUMNS)
    return {tuple(row.pop(name) for name in KEY): row for row in rows.iterator(BATCH)}


def _nothing() -> Sums:
    return dict.fromkeys((*COUNTS, *WAIT_COLUMNS), 0) | dict.fromkeys(AMOUNTS, ZERO)
