"""Tests that no database is part of run once, on the first of the databases.

``both_databases`` sets ALREADY_RUN for the second: the provider's client, the sandbox and the wire
between them are the same whatever the site keeps its rows in, and so is the supervisor.
"""

import os
from pathlib import Path

import pytest

WITHOUT_DATABASE = (
    "contract",
    "malformed/test_client",
    "mutations",
    "running",
    "sandbox",
    "smsbus",
)
TESTS = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not os.environ.get("ALREADY_RUN"):
        return
    done = [item for item in items if needs_no_database(item)]
    if done:
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if not needs_no_database(item)]


def needs_no_database(item: pytest.Item) -> bool:
    """Whether it stands where none does, and does not ask for a database all the same."""
    place = item.path.relative_to(TESTS).as_posix()
    return place.startswith(WITHOUT_DATABASE) and item.get_closest_marker("django_db") is None
