"""`python -m tests.mutations [names]`: try each mutation and print a table; script/mutations calls it.

Exit code 1 when one survives, or when its tests do not even pass without it.
"""

import os
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.mutations.catalogue import DEFENCES
from tests.mutations.mutation import DoesNotFit, Mutation
from tests.mutations.running import Outcome, copied_project, run_pytest, try_out
from tests.plugins.postgres import running_postgres

BASELINE_SECONDS = 600
HEAD = "| taken away | without it | caught by | s |\n| --- | --- | --- | ---: |"


def main(names: Sequence[str]) -> int:
    started = time.monotonic()
    every = [mutation for defence in DEFENCES for mutation in defence.mutations]
    chosen = [mutation for mutation in every if not names or mutation.name in names]
    unknown = set(names) - {mutation.name for mutation in chosen}
    if unknown:
        print(f"There is no mutation called {', '.join(sorted(unknown))}.")
        return 2
    with ExitStack() as stack:
        project = stack.enter_context(copied_project())
        urls = {"sqlite": ""}
        if any(mutation.database == "postgres" for mutation in chosen):
            urls["postgres"] = stack.enter_context(running_postgres())
        if not _pass_unchanged(chosen, project, urls):
            return 1
        survived = _try_all(chosen, project, urls)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = (used.ru_utime + used.ru_stime) / 60
    print(
        f"\n{len(chosen) - survived} of {len(chosen)} caught, in {minutes} min {seconds} s "
        f"({processor:.1f} min of processor time)."
    )
    return 1 if survived else 0


def _pass_unchanged(mutations: Sequence[Mutation], project: Path, urls: dict[str, str]) -> bool:
    """Whether the tests pass as long as nothing is mutated: else their failing would say nothing.

    They run in the very ways in which they will be run with the mutations.
    """
    ways: dict[tuple[str, bool], set[str]] = {}
    for mutation in mutations:
        way = mutation.database, mutation.is_in_migrations
        ways.setdefault(way, set()).update(mutation.tests)
    for (database, migrate), tests in ways.items():
        outcome = run_pytest(
            project, sorted(tests), urls[database], migrate=migrate, seconds=BASELINE_SECONDS
        )
        wrong = ", ".join(outcome.caught_by) or outcome.trouble
        verdict = f"do not pass without any mutation: {wrong}" if wrong else "pass unmutated"
        print(f"{len(tests)} tests on {database} {verdict} ({outcome.seconds:.0f} s)", flush=True)
        if wrong:
            return False
    return True


def _try_all(mutations: Sequence[Mutation], project: Path, urls: dict[str, str]) -> int:
    """Print a table for each defence, a row as soon as it is known; return how many survived."""
    titles = {
        mutation.name: defence.title for defence in DEFENCES for mutation in defence.mutations
    }
    title, survived = "", 0
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        outcomes = pool.map(partial(_try_one, project=project, urls=urls), mutations)
        for mutation, outcome in zip(mutations, outcomes, strict=True):
            if titles[mutation.name] != title:
                title = titles[mutation.name]
                print(f"\n### {title}\n\n{HEAD}")
            caught = ", ".join(f"`{test}`" for test in outcome.caught_by)
            survived += not caught
            verdict = caught or f"**survived** {outcome.trouble}"
            where = " (PostgreSQL)" if mutation.database == "postgres" else ""
            seconds = round(outcome.seconds)
            print(
                f"| `{mutation.name}`{where} | {mutation.harm} | {verdict} | {seconds} |",
                flush=True,
            )
    return survived


def _try_one(mutation: Mutation, *, project: Path, urls: dict[str, str]) -> Outcome:
    # A database of its own on the shared server: several may be at work.
    url = urls[mutation.database].replace("/postgres?", f"/{mutation.name}?")
    try:
        return try_out(mutation, project, url)
    except DoesNotFit as error:
        return Outcome((), str(error), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
