"""What it takes to take a long history away: rows a second, and memory, as CSV and as a workbook.

    script/bench export [--rows 1000000]

The history is written once into SQLite: numbers that got their SMS, with entries, activation and
message. Then each way runs in a process of its own, over a hundredth of the rows and over all of
them, and says how many rows it wrote a second and how large the process became. The naive way reads
the whole list first and lets the workbook hold every cell until it is saved; it gets a twentieth of
the rows, for more might not fit. What matters is how memory grows from few rows to many.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.catalogue import settings

ROWS = 1_000_000


def main() -> None:
    arguments = argparse.ArgumentParser(description="Take a long history away.")
    arguments.add_argument("--rows", type=int, default=ROWS)
    arguments.add_argument("--here", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.here:
        run(options.here, options.rows)
        return
    with tempfile.TemporaryDirectory(prefix="busstop-bench-") as folder:
        environment = os.environ | settings(folder, f"sqlite:///{folder}/bench.sqlite3")

        def call(way: str, rows: int) -> None:
            command = [sys.executable, "-m", "bench.export", "--here", way, "--rows", str(rows)]
            subprocess.run(command, env=environment, check=True)

        call("fill", options.rows)
        for way, most in (
            ("naive", options.rows // 20),
            ("workbook", options.rows),
            ("csv", options.rows),
        ):
            for rows in (options.rows // 100, most):
                call(way, rows)


def run(way: str, rows: int) -> None:
    """One way in this process, on the database that the settings name."""
    import django

    django.setup()
    if way == "fill":
        fill(rows)
        return
    from django.conf import settings as site

    before = megabytes()
    started = time.perf_counter()
    size = WAYS[way](rows, Path(site.DATA_DIR) / "out")
    took = time.perf_counter() - started
    print(
        f"{way}: {rows:,} rows, {rows / took:,.0f} rows/s, {size / 1e6:,.0f} MB file, "
        f"{megabytes() - before:,.0f} MB more memory than before",
        flush=True,
    )


def megabytes() -> float:
    """The most that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def batches(rows: int) -> Iterator[list[Any]]:
    from accounts.models import Membership
    from rentals.history import Wanted
    from reports import sheets

    written = 0
    for batch in sheets.batches(Membership.objects.select_related("team").get(), Wanted()):
        yield batch
        written += len(batch)
        if written >= rows:
            return


def write_workbook(rows: int, path: Path) -> int:
    from reports import sheets

    sheets.write_workbook(path, batches(rows), lambda _rows: None)
    return path.stat().st_size


def write_csv(rows: int, path: Path) -> int:
    from core.spreadsheet import stream_csv
    from reports import sheets

    lines = (sheets.as_text(cells) for batch in batches(rows) for cells in batch)
    with path.open("wb") as file:
        for line in stream_csv("history", sheets.COLUMNS, lines).streaming_content:
            file.write(line)
    return path.stat().st_size


def write_naively(rows: int, path: Path) -> int:
    import xlsxwriter

    everything = [cells for batch in batches(rows) for cells in batch]
    with xlsxwriter.Workbook(str(path), {"remove_timezone": True}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(everything):
            for column, cell in enumerate(cells):
                sheet.write(number, column, cell)
    return path.stat().st_size


WAYS = {"naive": write_naively, "workbook": write_workbook, "csv": write_csv}


def fill(rows: int) -> None:
    """Write the history: each purchase with two entries, a number and its SMS."""
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from bench.ledger import fill as fill_ledger
    from bench.ledger import settle
    from catalog.models import Country
    from rentals.models import Purchase

    call_command("migrate", verbosity=0)
    fill_ledger(2 * rows)
    country, now = Country.objects.get(), timezone.now()
    Purchase.objects.update(state="bought", settled_at=now)
    service = Purchase.objects.values_list("service", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rentals_activation (code, purchase_id, team_id, account_id, country_id, "
            "service_id, request_id, number, state, watched, poll_slot, created, expires_at, "
            "received_at) SELECT lower(hex(randomblob(16))), id, team_id, account_id, %s, %s, "
            "'r' || id, '1754' || id, 'received', 0, 0, created, created, created "
            "FROM rentals_purchase",
            [country.pk, service],
        )
        cursor.execute(
            "INSERT INTO rentals_message (activation_id, team_id, text, code, digest, received_at, "
            "code_hash) SELECT id, team_id, 'Your code is 429916', '429916', 'd' || id, created, '' "
            "FROM rentals_activation"
        )
        settle(cursor)


if __name__ == "__main__":
    main()
