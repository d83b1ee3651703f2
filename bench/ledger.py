"""How long it takes to add up what a ledger has spent on one account, as each reading of a balance does.

    script/bench ledger [--quick]

A million entries of one account (half holds, half charges), summed as the site does it, and once more
with an index that has all that the sum needs. Medians of the rounds, one after the other in turn, and
how many times the one is the other. What a reading costs grows with the ledger; this says how fast.

SQLite is always measured, as a local install has it. With TEST_DATABASE_URL naming a PostgreSQL server
that is measured too. Each gets a database of its own that is dropped again.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from typing import Any

from bench.catalogue import settings

ENTRIES, ROUNDS = 1_000_000, 7
COVERING = "CREATE INDEX bench_covering ON rentals_ledgerentry (account_id, kind, amount)"


def main() -> None:
    arguments = argparse.ArgumentParser(description="Add up a large ledger.")
    arguments.add_argument("--quick", action="store_true", help="a tenth of the entries")
    arguments.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.here:
        measure(ENTRIES // 10 if options.quick else ENTRIES)
        return
    with tempfile.TemporaryDirectory(prefix="busstop-bench-") as folder:
        databases = [f"sqlite:///{folder}/bench.sqlite3", os.environ.get("TEST_DATABASE_URL")]
        for database in filter(None, databases):
            # A process for each, because Django reads its settings once.
            command = [sys.executable, "-m", "bench.ledger", "--here", *sys.argv[1:]]
            subprocess.run(command, env=os.environ | settings(folder, database), check=True)


def measure(entries: int) -> None:
    """Measure the database that the settings name."""
    import django

    django.setup()
    from django.db import connection

    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = "busstop_bench"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        report(entries)
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def report(entries: int) -> None:
    from django.db import connection

    account = fill(entries)
    plain = milliseconds(account)
    with connection.cursor() as cursor:
        cursor.execute(COVERING)
        settle(cursor)
    covered = milliseconds(account)
    print(
        f"{connection.vendor}: {entries:,} entries: {plain:.1f} ms; with a covering index "
        f"{covered:.1f} ms: {plain / covered:.1f} times as fast"
    )


def fill(entries: int) -> Any:
    """Write the purchases of one account with their entries; returns the account."""
    from django.db import connection
    from django.utils import timezone

    from rentals.models import Purchase
    from tests.factories import make_provider_account, make_purchase, make_team

    team = make_team()
    account = make_provider_account(team)
    model = make_purchase(team, account=account)
    own = ("id", "code", "client_key")
    columns = [f.column for f in Purchase._meta.concrete_fields if f.column not in own]
    listed, copied = ", ".join(columns), ", ".join(f"p.{column}" for column in columns)
    sqlite = connection.vendor == "sqlite"
    key = "lower(hex(randomblob(16)))" if sqlite else "gen_random_uuid()"
    rows = "SELECT 1 AS n UNION ALL SELECT n + 1 FROM g WHERE n < %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE g AS ({rows}) INSERT INTO rentals_purchase "
            f"(code, client_key, {listed}) SELECT {key}, {key}, {copied} "
            "FROM rentals_purchase p, g WHERE p.id = %s",
            [entries // 2, model.pk],
        )
        for kind in ("hold", "charge"):
            cursor.execute(
                "INSERT INTO rentals_ledgerentry "
                "(purchase_id, team_id, account_id, kind, amount, created) "
                "SELECT id, team_id, account_id, %s, 0.14, %s FROM rentals_purchase WHERE id > %s",
                [kind, timezone.now() - timedelta(days=1), model.pk],
            )
        settle(cursor)
    return account


def settle(cursor: Any) -> None:
    """Have the database know its tables, as its own housekeeping would."""
    cursor.execute("ANALYZE" if cursor.db.vendor == "sqlite" else "VACUUM ANALYZE")


def milliseconds(account: Any) -> float:
    from rentals.models import LedgerEntry

    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        LedgerEntry.objects.filter(account=account).spent()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


if __name__ == "__main__":
    main()
