"""Goals 5 and 13: who asks is what our own proxies saw, and never what the request says of itself."""

import shlex
from collections.abc import Iterator

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from core.supervisor.stack import web
from tests.factories import PASSWORD
from tests.plugins.site import PROJECT

DIRECT = "192.0.2.7"


@pytest.fixture(autouse=True)
def nothing_counted(valkey: str) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def behind(settings: Settings, proxies: int) -> None:
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies


def sign_in(
    user: User, forwarded: str | None, *, password: str = PASSWORD, direct: str = DIRECT
) -> HttpResponse:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    data = {"login": user.email, "password": password}
    browser = Client(headers=headers, REMOTE_ADDR=direct, raise_request_exception=False)
    return browser.post("/accounts/login/", data)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, None, DIRECT),
        (0, "203.0.113.9", DIRECT),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 198.51.100.1", "203.0.113.9"),
        # These did not come through the proxies.
        (1, None, DIRECT),
        (2, None, DIRECT),
        (2, "6.6.6.6", DIRECT),
        (3, "6.6.6.6, 6.6.6.7", DIRECT),
        (2, "not an address", DIRECT),
    ],
)
def test_who_asks_is_what_the_outermost_proxy_saw(
    settings: Settings, alice: User, proxies: int, forwarded: str | None, counted: str
) -> None:
    behind(settings, proxies)

    assert sign_in(alice, forwarded).status_code == 302

    assert UserSession.objects.get(user=alice).ip == counted


@pytest.mark.parametrize("direct", ["", "unix:", "not an address"])
def test_who_comes_from_nowhere_is_refused(settings: Settings, alice: User, direct: str) -> None:
    behind(settings, 2)
    assert sign_in(alice, "6.6.6.6", direct=direct).status_code == 403


def test_another_forged_address_each_time_does_not_escape_the_limit(
    settings: Settings, alice: User
) -> None:
    behind(settings, 2)
    for n in range(12):  # at somebody else each time: only the address is the same
        sign_in(User(email=f"nobody{n}@example.org"), f"10.0.0.{n}", password="a guess")

    assert sign_in(alice, "10.0.1.1").status_code == 200, "the form again: too many attempts"

    assert sign_in(alice, "10.0.1.1", direct="192.0.2.8").status_code == 302


def test_no_server_of_ours_believes_a_forwarded_address_by_itself() -> None:
    units = (PROJECT / "deploy" / "systemd").glob("*.service")
    lines = [line for unit in units for line in unit.read_text().splitlines() if "uvicorn" in line]
    commands = [shlex.split(line) for line in lines] + [web("127.0.0.1", 8000, {}).command]
    assert len(commands) >= 2
    for command in commands:
        assert "--no-proxy-headers" in command
