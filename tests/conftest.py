"""What every test may ask for: a provider of its own, the session's Valkey and what waits in it."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.conf import settings as django_settings
from django.utils import translation
from pytest_django import Settings

from core.translations import compile_translations
from tests.cast import *  # noqa: F403
from tests.plugins.append_only import flushable_tables  # noqa: F401
from tests.plugins.valkey import running_valkey

if TYPE_CHECKING:
    from sandbox.server import Sandbox


pytest_plugins = [
    "tests.plugins.browser",
    "tests.plugins.once",
    "tests.plugins.site",
    "tests.plugins.workers",
]


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[str]:
    """The address of a real Valkey, one for each test process; cache, broker and pub/sub use it."""
    from tests.settings import FOLDER

    with running_valkey(Path(FOLDER)) as url:
        yield url


@pytest.fixture(autouse=True)
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members of different tests have the same id: what is counted for one is not held against another."""
    from core import ratelimit

    monkeypatch.setattr(ratelimit, "RATES", dict.fromkeys(ratelimit.RATES, 1_000_000))


@pytest.fixture(scope="session", autouse=True)
def translations() -> None:
    """The site's other languages, as a start makes them."""
    compile_translations(*django_settings.LOCALE_PATHS)


@pytest.fixture(autouse=True)
def language() -> None:
    """The site's own, whatever the last page of another test was read in: a request leaves it behind."""
    translation.activate(django_settings.LANGUAGE_CODE)


def pytest_configure(config: pytest.Config) -> None:
    """No thread writes to Redis what a test counted: those that want it call `reporter.write`.

    Before anything is collected, for to import the ASGI application starts it.
    """
    from core.health import reporter

    patch = pytest.MonkeyPatch()
    patch.setattr(reporter, "_start", lambda: None)
    config.add_cleanup(patch.undo)


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
