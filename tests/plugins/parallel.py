"""How many processes ``pytest -n auto`` starts."""

import os

import pytest


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: many tests wait, for a deadline, a browser or a process that starts."""
    return (os.cpu_count() or 1) + 1
