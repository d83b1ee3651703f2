"""A site with a million purchases to measure on; ``history`` and ``admin`` start from it.

A two hundredth is written by ``rentals.seeding``, as ``manage.py seed_demo`` does. The database then copies each
purchase with its number, SMS and ledger entries 199 times, some milliseconds apart, and the roll-ups are
multiplied: the days, members and destinations stay as believable as they were. Events are left at a
two hundredth: no list reads those of more than one purchase.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.catalogue import settings

PURCHASES, QUICK, COPIES = 1_000_000, 100_000, 199
BOOKS = ("rentals_purchase", "rentals_activation", "rentals_message", "rentals_ledgerentry")
# The copies point where the rows point that were checked; and nobody minds if the power is cut.
HASTE_SQLITE = (
    "PRAGMA foreign_keys = OFF",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -1000000",
)
LEISURE_SQLITE = (
    "PRAGMA cache_size = -2000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
)
HASTE_POSTGRES = (
    "SET session_replication_role = replica",
    "SET maintenance_work_mem = '512MB'",
)
LEISURE_POSTGRES = ("SET session_replication_role = DEFAULT",)


def run(module: str, report: Callable[[], None]) -> None:
    """The ``main`` of a bench: ``report`` on SQLite and, where TEST_DATABASE_URL is set, PostgreSQL."""
    arguments = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    arguments.add_argument("--quick", action="store_true", help=f"{QUICK:,} purchases")
    arguments.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.here:
        with filled(QUICK if options.quick else PURCHASES):
            report()
        return
    with tempfile.TemporaryDirectory(prefix="busstop-bench-") as folder:
        databases = [f"sqlite:///{folder}/bench.sqlite3", os.environ.get("TEST_DATABASE_URL")]
        for database in filter(None, databases):
            # A process for each, because Django reads its settings once.
            command = [sys.executable, "-m", f"bench.{module}", "--here", *sys.argv[1:]]
            subprocess.run(command, env=os.environ | settings(folder, database), check=True)


@contextmanager
def filled(purchases: int) -> Iterator[None]:
    """A database of its own with so many purchases, dropped again at the end."""
    import django

    django.setup()
    from django.conf import settings as site
    from django.db import connection

    # No cache and no rate limit: what is measured is the database. Nobody listens to what is told.
    site.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    site.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    site.ALLOWED_HOSTS = ["testserver"]
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = "busstop_bench"
    else:  # a file, as a site has it
        connection.settings_dict["TEST"]["NAME"] = f"{site.DATA_DIR}/million.sqlite3"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        began = time.monotonic()
        fill(purchases)
        print(f"{connection.vendor}: {purchases:,} purchases in {time.monotonic() - began:.0f} s")
        yield
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def fill(purchases: int) -> None:
    """Write the first of them by the ORM and let the database copy it."""
    from django.db import connection

    from rentals.seeding import Plan, seed

    began = time.monotonic()
    first = purchases // (COPIES + 1)
    for _ in seed(Plan(purchases=first)):
        pass
    print(
        f"{connection.vendor}: seed_demo writes {first / (time.monotonic() - began):.0f} purchases a second"
    )
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        for statement in HASTE_SQLITE if sqlite else HASTE_POSTGRES:
            cursor.execute(statement)
        with without_indexes(cursor, sqlite):
            copy_rows(cursor, sqlite)
        multiply_days(cursor)
        for statement in LEISURE_SQLITE if sqlite else LEISURE_POSTGRES:
            cursor.execute(statement)
        cursor.execute("ANALYZE" if sqlite else "VACUUM ANALYZE")


@contextmanager
def without_indexes(cursor: Any, sqlite: bool) -> Iterator[None]:
    """Take the indexes of the books away and make them anew at the end: sorted, they cost a tenth."""
    tables = "', '".join(BOOKS)
    if sqlite:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
            f"AND tbl_name IN ('{tables}')"
        )
    else:
        cursor.execute(
            f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('{tables}') "
            "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
    indexes = cursor.fetchall()
    for name, _sql in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    for _name, sql in indexes:
        cursor.execute(sql)


def copy_rows(cursor: Any, sqlite: bool) -> None:
    """Copy all that hangs on a purchase; a copy's id follows from its purchase's place in time."""
    numbers = " UNION ALL ".join(f"SELECT {k} AS k" for k in range(1, COPIES + 1))
    cursor.execute(
        "CREATE TABLE bench_place AS SELECT id, row_number() OVER (ORDER BY created, id) AS place "
        "FROM rentals_purchase"
    )
    cursor.execute("CREATE UNIQUE INDEX bench_place_id ON bench_place (id)")
    cursor.execute(f"CREATE TABLE bench_copy AS {numbers}")
    random_id = "lower(hex(randomblob(16)))" if sqlite else "gen_random_uuid()"
    later = (
        "strftime('%Y-%m-%d %H:%M:%f', p.created, '+' || (c.k * 0.01) || ' seconds')"
        if sqlite
        else "p.created + c.k * interval '10 milliseconds'"
    )
    base = "(SELECT count(*) FROM bench_place)"
    copied = f"1000000 + {base} + (b.place - 1) * {COPIES} + c.k"
    source = "FROM {table} p JOIN bench_place b ON b.id = {key} CROSS JOIN bench_copy c"
    plans = {
        "rentals_purchase": (
            "p.id",
            {"id": copied, "code": random_id, "client_key": random_id, "created": later},
        ),
        "rentals_activation": (
            "p.purchase_id",
            {
                "id": copied,
                "code": random_id,
                "purchase_id": copied,
                "request_id": "p.request_id || '-' || c.k",
            },
        ),
        "rentals_message": (
            "(SELECT a.purchase_id FROM rentals_activation a WHERE a.id = p.activation_id)",
            {"activation_id": copied},
        ),
        "rentals_ledgerentry": ("p.purchase_id", {"purchase_id": copied}),
    }
    for table, (key, own) in plans.items():
        columns = [name for name in _columns(table) if name not in own and name != "id"]
        values = [*own.values(), *(f"p.{name}" for name in columns)]
        cursor.execute(
            f"INSERT INTO {table} ({', '.join([*own, *columns])}) SELECT {', '.join(values)} "
            f"{source.format(table=table, key=key)} ORDER BY b.place, c.k"
        )


def _columns(table: str) -> list[str]:
    from django.apps import apps

    model = next(m for m in apps.get_models() if m._meta.db_table == table)
    return [field.column for field in model._meta.concrete_fields]


def multiply_days(cursor: Any) -> None:
    """A day now has two hundred times as much."""
    from django.db import models

    from rentals.models import MemberDay, TripDay

    for model in (MemberDay, TripDay):
        counted = [
            field.column
            for field in model._meta.concrete_fields
            if isinstance(field, models.PositiveIntegerField | models.DecimalField)
        ]
        sets = ", ".join(f"{column} = {column} * {COPIES + 1}" for column in counted)
        cursor.execute(f"UPDATE {model._meta.db_table} SET {sets}")


def busiest_team() -> Any:
    """The team with the most purchases, by its roll-up."""
    from django.db.models import Sum

    from accounts.models import Team
    from rentals.models import MemberDay

    row = MemberDay.objects.values("team").annotate(sum=Sum("purchases")).order_by("-sum")[0]
    return Team.objects.get(pk=row["team"])


def browser_of(user: Any) -> Any:
    """A browser in which ``user`` is signed in, with a second factor where they are staff."""
    from django.test import Client

    from tests.signing_in import sign_in

    client = Client()
    sign_in(client, user)
    return client


def page(browser: Any, address: str) -> Callable[[], int]:
    """Opening a page, as an act to measure; fails where it is none."""

    def act() -> int:
        answer = browser.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return len(answer.content)

    return act


def queries(act: Callable[[], object]) -> int:
    """How many queries an act takes."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)
