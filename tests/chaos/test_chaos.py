"""The short form of script/chaos: one of everything, and the books of both sides agree."""

import os
import subprocess
import sys

import pytest

from tests.plugins.site import OURS, PROJECT

pytestmark = pytest.mark.xdist_group("chaos")

SCALE = {
    "--purchases": "40",
    "--worker-kills": "4",
    "--redis-kills": "1",
    "--flushes": "1",
    "--postgres-restarts": "1",
    "--resume-within": "120",  # a machine that runs tests is slow; the long form holds to 30
    "--limit": "300",
}


def test_nothing_is_lost_or_bought_twice_while_everything_is_killed() -> None:
    database = "postgres" if os.environ.get("TEST_DATABASE_URL") else "sqlite"
    options = [word for pair in SCALE.items() for word in pair]
    clean = {name: value for name, value in os.environ.items() if not OURS.match(name)}

    chaos = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--database", database, *options],
        cwd=PROJECT,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert chaos.returncode == 0, chaos.stdout
    assert "double sends" in chaos.stdout
