"""Sessions and pages go on while Redis is away."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Team, User
from core.valkey import socket_url


@pytest.fixture
def signed_in(client_of: Callable[[User], Client], alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def without_redis(settings: Settings) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="busstop-", dir="/tmp") as folder:
        nobody = socket_url(Path(folder) / "valkey.sock")
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": nobody}}
        yield


def test_without_redis_the_cache_is_empty(without_redis: None) -> None:
    cache = caches["default"]
    cache.set("stop", 1)
    assert cache.get("stop") is None
    assert cache.get("stop", "nothing") == "nothing"


def test_without_redis_a_deletion_fails_rather_than_being_forgotten(without_redis: None) -> None:
    with pytest.raises(redis.ConnectionError):
        caches["default"].delete("stop")


def test_who_is_signed_in_keeps_working_without_redis(
    signed_in: Client, team: Team, without_redis: None
) -> None:
    assert signed_in.get(reverse("rentals:desk", args=[team.slug])).status_code == 200


def test_with_redis_it_is_a_cache() -> None:
    caches["default"].set("stop", {"line": 7})
    assert caches["default"].get("stop") == {"line": 7}
