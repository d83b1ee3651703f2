"""Fills the roll-up by destination from the entries there are.

Buy nothing meanwhile, as with every migration; ``manage.py check_ledger --fix-days`` mends what a
worker that was left running has written past it.
"""

from datetime import UTC, timedelta
from decimal import Decimal
from itertools import groupby

from django.db import migrations
from django.db.models import Case, Count, F, IntegerField, Sum, Value, When
from django.db.models.functions import TruncDate

BATCH = 1000
BOUNDS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 288, 432, 648)
AMOUNT = {
    "hold": "held",
    "charge": "charged",
    "release": "released",
    "refund": "refunded",
    "loss": "lost",
}
NUMBER = {"number", "reuse"}


def fill(apps, schema_editor):
    trip_day = apps.get_model("rentals", "TripDay")
    rows = _grouped(apps.get_model("rentals", "LedgerEntry"))
    for (team, day), group in groupby(rows, key=lambda row: (row["team_id"], row["day"])):
        found = {}
        for row in group:
            number = row["purchase__kind"] in NUMBER
            key = {
                "account_id": row["account_id"],
                "buyer_id": row["purchase__buyer_id"],
                "service_id": row["purchase__service_id"],
                "country_id": row["purchase__country_id"],
                "area_code": "" if number else row["purchase__area_code"],
            }
            trip = found.setdefault(tuple(key.values()), trip_day(team_id=team, day=day, **key))
            _add(trip, row)
        trip_day.objects.bulk_create(found.values(), batch_size=BATCH)


def _grouped(entries):
    activation = "purchase__activation__"
    wait = F(activation + "received_at") - F(activation + "created")
    column = Case(
        When(kind="charge", wait__isnull=False, then=_number_of()),
        default=Value(-1),
        output_field=IntegerField(),
    )
    return (
        entries.objects.annotate(day=TruncDate("created", tzinfo=UTC), wait=wait)
        .annotate(column=column)
        .order_by("team_id", "day")
        .values(
            *("team_id", "day", "account_id", "kind", "column"),
            *("purchase__buyer_id", "purchase__service_id", "purchase__country_id"),
            *("purchase__area_code", "purchase__kind", activation + "state"),
        )
        .annotate(total=Sum("amount"), count=Count("pk"))
        .iterator(BATCH)
    )


def _number_of():
    below = (When(wait__lt=timedelta(seconds=bound), then=n) for n, bound in enumerate(BOUNDS))
    return Case(*below, default=Value(len(BOUNDS)), output_field=IntegerField())


def _add(trip, row):
    amount = AMOUNT[row["kind"]]
    # SQLite adds floats up: what is beyond four decimals is their noise.
    total = Decimal(row["total"]).quantize(Decimal("0.0001"))
    setattr(trip, amount, getattr(trip, amount) + total)
    counted = {"hold": "purchases", "charge": "delivered", "loss": "failed"}.get(row["kind"])
    if row["kind"] == "release":
        state = row["purchase__activation__state"]
        counted = state if state in ("cancelled", "expired") else "failed"
    if counted:
        setattr(trip, counted, getattr(trip, counted) + row["count"])
    if row["column"] >= 0:
        wait = f"wait_{row['column']}"
        setattr(trip, wait, getattr(trip, wait) + row["count"])


class Migration(migrations.Migration):
    dependencies = (("rentals", "0009_trip_day"),)
    operations = (migrations.RunPython(fill, migrations.RunPython.noop),)
