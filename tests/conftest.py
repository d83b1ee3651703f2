"""What every test may ask for: a provider of its own and the session's Valkey."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

from tests.cast import *  # noqa: F403
from tests.plugins.append_only import flushable_tables  # noqa: F401
from tests.plugins.valkey import running_valkey

if TYPE_CHECKING:
    from sandbox.server import Sandbox


pytest_plugins = ["tests.plugins.browser", "tests.plugins.site", "tests.plugins.workers"]


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[str]:
    """The address of a real Valkey, one for each test process; cache, broker and pub/sub use it."""
    from tests.settings import FOLDER

    with running_valkey(Path(FOLDER)) as url:
        yield url


@pytest.fixture
def sandbox(settings: Settings) -> Iterator["Sandbox"]:
    """A fresh provider over real HTTP; the settings point at it."""
    from sandbox.server import Sandbox

    with Sandbox(seed=1) as provider:
        settings.SMSBUS_API_URL = provider.api_url
        settings.SMSBUS_RENT_URL = provider.rent_url
        yield provider
