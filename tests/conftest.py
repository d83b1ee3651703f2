"""What every test may ask for: a provider of its own, the session's Valkey and what waits in it."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.conf import settings as django_settings
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


@pytest.fixture
def queued(valkey: str) -> Callable[[], list[tuple[str, list[Any]]]]:
    """What waits in the broker's queue: the name and the arguments of each task."""
    broker = redis.Redis.from_url(django_settings.REDIS_URL)
    broker.delete("default")

    def read() -> list[tuple[str, list[Any]]]:
        messages = [json.loads(message) for message in broker.lrange("default", 0, -1)]
        return [
            (message["headers"]["task"], json.loads(base64.b64decode(message["body"]))[0])
            for message in reversed(messages)
        ]

    return read
