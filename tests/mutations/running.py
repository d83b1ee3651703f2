"""Runs the tests that should catch a mutation, on a copy of the project that has it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.mutation import PROJECT, Mutation

SECONDS = 180  # for the tests of one mutation; hanging is not being caught
# These would only prove that the mutation is no program.
BROKEN = ("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "SyntaxError")
# No plugins but the one that is needed, and tables made from the models where no migration is
# mutated: that is half of the seconds that a few tests take.
PYTEST = ("-m", "pytest", "-q", "-p", "pytest_django.plugin", "-p", "no:cacheprovider")
ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """``caught_by`` are the tests that failed; where none did so properly, ``trouble`` says why."""

    caught_by: tuple[str, ...]
    trouble: str
    seconds: float


@contextmanager
def copied_project() -> Iterator[Path]:
    """Yield a copy of what git knows or would take in, changes that are not committed included."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listing, cwd=PROJECT, text=True).split("\0")
    with tempfile.TemporaryDirectory(prefix="busstop-mutations-", dir="/tmp") as folder:
        root = Path(folder) / "project"
        for name in filter(None, names):
            if (PROJECT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, root / name)
        yield root


def try_out(mutation: Mutation, project: Path, database_url: str) -> Outcome:
    """Apply ``mutation`` to a copy of ``project`` and run its tests. Raises ``DoesNotFit``."""
    with tempfile.TemporaryDirectory(prefix="busstop-mutation-", dir="/tmp") as folder:
        root = Path(folder) / "project"
        shutil.copytree(project, root)
        mutation.apply(root)
        return run_pytest(
            root, mutation.tests, database_url, migrate=mutation.is_in_migrations, seconds=SECONDS
        )


def run_pytest(
    root: Path, tests: Iterable[str], database_url: str, *, migrate: bool, seconds: float
) -> Outcome:
    """Run ``tests`` in ``root`` and read their report; they are killed after ``seconds``."""
    report = root / f"report-{'migrated' if migrate else 'plain'}.xml"
    options = [f"--junitxml={report}", *([] if migrate else ["--nomigrations"])]
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *PYTEST, *options, *tests],
        cwd=root,
        env={**os.environ, **ENVIRONMENT, "TEST_DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that its Valkey and workers end with it
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Outcome((), f"not ready within {seconds:.0f} s", time.monotonic() - started)
    took = time.monotonic() - started
    if process.returncode not in (0, 1) or not report.exists():
        return Outcome((), f"pytest could not run:\n{output[-2000:]}", took)
    return _read(report, took)


def _read(report: Path, seconds: float) -> Outcome:
    caught: dict[str, None] = {}
    trouble: dict[str, None] = {}
    for case in ET.parse(report).iter("testcase"):
        test = (case.get("name") or "").partition("[")[0]
        for error in case.findall("error"):
            trouble[f"{test}: {_first_line(error)}"] = None
        for failure in case.findall("failure"):
            if _first_line(failure).startswith(BROKEN):
                trouble[f"{test}: {_first_line(failure)}"] = None
            else:
                caught[test] = None
    # One test that fails as it should is proof, whatever the others stumble over.
    return Outcome(tuple(caught), "" if caught else "; ".join(trouble), seconds)


def _first_line(element: ET.Element) -> str:
    return (element.get("message") or "").partition("\n")[0][:200]
