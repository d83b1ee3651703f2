"""Runs the tests on SQLite, then on PostgreSQL, and ends with one line for both.

`python -m tests.plugins.both_databases [pytest arguments]`; script/test calls it. DATABASES chooses:
"sqlite", "postgres" or both, separated by a space.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

from tests.plugins.postgres import running_postgres

CLOSING = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed|deselected)")
NOTHING_COLLECTED = 5


def run_pytest(arguments: list[str], env: dict[str, str]) -> tuple[int, Counter[str]]:
    """Run pytest with its output shown; returns its exit code and what its last line counts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    last = ""
    for line in shown(process):
        if CLOSING.search(line) or "no tests ran" in line:
            last = line
    counts: Counter[str] = Counter()
    for number, word in CLOSING.findall(last):
        counts[word.rstrip("s") if word.startswith("error") else word] += int(number)
    return process.wait(), counts


def shown(process: subprocess.Popen[str]) -> Iterator[str]:
    if process.stdout:
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            yield line


def main() -> int:
    arguments = ["-n", "auto", "--dist", "loadgroup", *sys.argv[1:]]
    total: Counter[str] = Counter()
    codes = []
    for database in os.environ.get("DATABASES", "sqlite postgres").split():
        print(f"\n=== on {database} ===", flush=True)
        already_run = {"ALREADY_RUN": "1" if codes else ""}
        if database == "postgres":
            with running_postgres() as url:
                code, counts = run_pytest(arguments, {"TEST_DATABASE_URL": url} | already_run)
        else:
            code, counts = run_pytest(arguments, {"TEST_DATABASE_URL": ""} | already_run)
        codes.append(code)
        total += counts
    failed = total["failed"] + total["error"]
    # Nothing to run on one database (an e2e test on PostgreSQL) is fine, on both it is not.
    bad = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    print(f"\n{total['passed']} passed, {failed} failed, {total['skipped']} skipped", flush=True)
    if bad:
        return bad[0]
    return 0 if 0 in codes else NOTHING_COLLECTED


if __name__ == "__main__":
    sys.exit(main())
