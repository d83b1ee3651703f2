"""A sandbox per test, and Alice who is its customer."""

from collections.abc import Iterator

import pytest

from sandbox.server import Sandbox
from tests.sandbox.client import TELEGRAM, TOKEN, UNITED_STATES, Client


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Alice has 10 dollars; Telegram in the United States costs 0.14, 100 numbers are left."""
    with Sandbox(seed=1) as running:
        running.add_account(TOKEN, balance="10")
        running.set_price(UNITED_STATES, TELEGRAM, cost="0.14", stock=100, reusable=True)
        yield running


@pytest.fixture
def alice(sandbox: Sandbox) -> Client:
    return Client(sandbox)
