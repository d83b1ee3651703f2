from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from sandbox.server import Sandbox
from smsbus import Client
from tests.contract.cast import ALICE, STRANGER, TELEGRAM, US


@pytest.fixture(params=["small", "long"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A provider where Alice has 10 dollars, and Telegram in the United States costs 0.14."""
    with Sandbox(seed=1, ids=request.param) as running:
        running.add_account(ALICE, balance=Decimal(10))
        running.set_price(int(US), int(TELEGRAM), cost=Decimal("0.14"), stock=100, reusable=True)
        yield running


@pytest.fixture
def alice(sandbox: Sandbox) -> Client:
    return Client(ALICE, api_url=sandbox.api_url, rent_url=sandbox.rent_url, refer_id="77")


@pytest.fixture
def stranger(sandbox: Sandbox) -> Client:
    """Somebody with a token that the provider never gave out."""
    return Client(STRANGER, api_url=sandbox.api_url, rent_url=sandbox.rent_url)
