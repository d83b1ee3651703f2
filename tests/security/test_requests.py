"""Goals 6, 7, 8 and 13: what every address refuses, leaves alone, and tells the browser to hold to.

The addresses are those of the URLconf, so that none is forgotten.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from django.apps import apps
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from sandbox.server import Sandbox
from tests.factories import PASSWORD
from tests.running.test_settings import PRODUCTION, manage
from tests.running.test_settings import Settings as ReadSettings
from tests.security.matrix import ADMIN_PAGES, MATRIX, PROBES
from tests.security.world import World, make_world

# Django's own pages of the admin differ only by model: one model stands for all.
ROUTES = [
    route
    for route in MATRIX
    if route not in ADMIN_PAGES or route.startswith(("admin/rentals/message/", "admin/auth/group/"))
]
STRICT = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
# The admin's theme, on the admin's own pages: still nothing from anywhere else.
OF_THE_ADMIN = STRICT - {"script-src 'self'", "style-src 'self'"} | {
    "script-src 'self' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
}


@pytest.fixture
def world(db: None, sandbox: Sandbox) -> Iterator[World]:
    cache.clear()
    yield make_world()
    cache.clear()


def strictly(world: World, visitor: str) -> Client:
    """The visitor's browser, on a site that checks the token of forms."""
    browser = world.browser_of(visitor)
    browser.handler.enforce_csrf_checks = True
    return browser


# Goal 6


@pytest.mark.parametrize("visitor", ["anonymous", "owner", "staff"])
def test_goal_6_a_post_without_a_csrf_token_is_refused_everywhere(
    world: World, visitor: str
) -> None:
    browser = strictly(world, visitor)
    for route in ROUTES:
        for headers in ({}, {"HX-Request": "true"}):
            assert browser.post(world.address(route), headers=headers).status_code == 403, route


def test_goal_6_htmx_sends_the_token_with_every_request_of_a_page(world: World) -> None:
    browser = strictly(world, "owner")
    page = browser.get(world.address("t/<slug:team>/"))
    token = str(page.context["csrf_token"])
    assert f"""<body hx-headers='{{"x-csrftoken": "{token}"}}'""" in page.text
    refresh = world.address("t/<slug:team>/catalogue/refresh/")
    assert browser.post(refresh, headers={"X-CSRFToken": "x" * len(token)}).status_code == 403
    assert browser.post(refresh, headers={"X-CSRFToken": token}).status_code < 400


# What a GET may write, each once. Everything else in the database stays as it is, to the last field.
WRITTEN_BY_GET = [
    # The address of somebody who was made by a command gets its row where addresses are managed.
    "account.EmailAddress",
    # Somebody looks at prices that are old: when they were last asked for.
    "catalog.Feed",
    # Which team somebody used last.
    "sessions.Session",
    # The secret of an authenticator app that is being set up, and the challenge for a new passkey:
    # neither counts before the form is posted.
    "sessions.Session",
    "sessions.Session",
]


def test_goal_6_a_get_changes_nothing(world: World) -> None:
    browser = world.browser_of("owner")
    written = []
    for route in ROUTES:
        before = everything()
        browser.get(world.address(route))
        after = everything()
        written += [name for name in before if before[name] != after[name]]
    assert sorted(written) == sorted(WRITTEN_BY_GET)


def test_goal_6_a_get_by_staff_changes_nothing_in_the_admin(world: World) -> None:
    browser = world.browser_of("staff")
    before = everything()
    for route in MATRIX:
        if route.startswith("admin/"):
            browser.get(world.address(route))
    assert everything() == before


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, by model."""
    return {
        model._meta.label: sorted(model._base_manager.values_list(), key=repr)
        for model in apps.get_models(include_auto_created=True)
    }


# Goals 7 and 8


@pytest.mark.parametrize("visitor", ["anonymous", "owner", "staff"])
def test_goals_7_and_8_every_answer_is_kept_by_no_cache_and_has_the_strict_policy(
    world: World, visitor: str
) -> None:
    browser = world.browser_of(visitor)
    statuses = set()
    for route in ROUTES:
        answer = browser.get(world.address(route))
        statuses.add(answer.status_code)
        assert_guarded(answer, route)
    assert statuses >= {200, 302, 405}


def test_goals_7_and_8_errors_have_the_policy_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = world.browser_of("owner")
    with monkeypatch.context() as patch:
        patch.setattr("rentals.views.desk.get_membership", None)
        answers = {500: browser.get(world.address("t/<slug:team>/"))}
    answers[400] = browser.get("/", headers={"Host": "evil.example"})
    answers[403] = strictly(world, "owner").post("/me/")
    answers[404] = browser.get("/nowhere/")
    for status, answer in answers.items():
        assert answer.status_code == status
        assert policy_of(answer) >= STRICT, status
    for status in (403, 404, 500):
        assert_guarded(answers[status], str(status))


def assert_guarded(answer: HttpResponse, what: str) -> None:
    assert "no-store" in answer.headers["Cache-Control"], what
    policy = policy_of(answer)
    if what.startswith("admin/") and not policy >= STRICT:
        assert policy >= OF_THE_ADMIN, what
        policy -= OF_THE_ADMIN
    else:
        assert policy >= STRICT, what
    assert not [rule for rule in policy if "unsafe" in rule or "*" in rule], what
    assert answer.headers["X-Content-Type-Options"] == "nosniff", what
    assert answer.headers["X-Frame-Options"] == "DENY", what
    assert answer.headers["Referrer-Policy"] == "same-origin", what


def policy_of(answer: HttpResponse) -> set[str]:
    return set(answer.headers["Content-Security-Policy"].split("; "))


def test_goal_7_production_has_cookies_and_transport_that_nobody_can_weaken(
    world: World, production: Settings
) -> None:
    host = production.SITE_URL.removeprefix("https://")
    plain = Client(headers={"Host": host}).get("/accounts/login/")
    assert (plain.status_code, plain["Location"]) == (301, f"https://{host}/accounts/login/")

    browser = Client(headers={"Host": host})
    owner = world.visitors["owner"]
    browser.get("/accounts/login/", secure=True)
    answer = browser.post(
        "/accounts/login/", {"login": owner.email, "password": PASSWORD}, secure=True
    )

    assert answer.status_code == 302
    assert set(browser.cookies) == {
        "__Host-sessionid",
        "__Host-device",
        "__Host-csrftoken",
        "__Host-messages",
    }
    for cookie in browser.cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    transport = answer.headers["Strict-Transport-Security"]
    assert transport == "max-age=31536000; includeSubDomains; preload"


@pytest.fixture
def production(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What the settings of a real installation say of cookies, transport and hosts."""
    real = ReadSettings(monkeypatch, tmp_path).read(**PRODUCTION)
    for name, value in vars(real).items():
        if re.match(
            r"SECURE_|(SESSION|CSRF|LANGUAGE|DEVICE)_COOKIE_|CSRF_|MESSAGE_STORAGE|ALLOWED_HOSTS|SITE_URL",
            name,
        ):
            setattr(settings, name, value)
    return settings


def test_goal_17_check_deploy_is_clean() -> None:
    options = ("check", "--deploy", "--fail-level", "WARNING")
    chosen = {"SECRET_KEY": "a1B2c3D4e5" * 6, "EMAIL_URL": "smtp://localhost:25"}
    answer = manage(*options, **PRODUCTION | chosen)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "no issues (0 silenced)" in answer.stdout


# Goal 13

FAR = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "\thttps://evil.example/",
)


def test_goal_13_a_hostile_host_is_refused_everywhere(world: World) -> None:
    browser = world.browser_of("owner")
    for route in ROUTES:
        if route in PROBES:
            continue  # they are asked by address, and repeat nothing: tests/core/test_probes.py
        for method in (browser.get, browser.post):
            answer = method(world.address(route), headers={"Host": "evil.example"})
            assert answer.status_code == 400, route
            assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["testserver.evil.example", "evil.example:testserver", "a b", ""])
def test_goal_13_hosts_that_look_like_ours(client: Client, host: str) -> None:
    assert client.get("/accounts/login/", headers={"Host": host}).status_code == 400


def test_goal_13_no_header_puts_another_host_into_a_mail(world: World) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=e"}
    Client(headers=forged).post("/accounts/password/reset/", {"email": "alice@example.org"})
    (message,) = mail.outbox
    assert "http://testserver/accounts/password/reset/key/" in message.body
    assert "evil" not in message.body


@pytest.mark.parametrize("far", FAR)
def test_goal_13_an_external_next_is_never_followed(world: World, far: str) -> None:
    owner = world.visitors["owner"]
    right = {"login": owner.email, "password": PASSWORD, "next": far}
    new = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD, "next": far}
    inside = world.browser_of("owner")
    answers = [
        world.browser_of("anonymous").post("/accounts/login/", right, query_params={"next": far}),
        world.browser_of("anonymous").post("/accounts/signup/", new, query_params={"next": far}),
        inside.get("/accounts/login/", query_params={"next": far}),
        inside.post("/accounts/reauthenticate/", right, query_params={"next": far}),
        world.browser_of("staff").get("/admin/login/", query_params={"next": far}),
        inside.post("/accounts/logout/", {"next": far}, query_params={"next": far}),
    ]
    assert [answer.status_code for answer in answers] == [302] * len(answers)
    for answer in answers:
        assert_stays(answer)


def test_goal_13_no_address_leads_away(world: World) -> None:
    away = dict.fromkeys(("next", "url", "redirect", "redirect_to", "return"), FAR[0])
    browser = world.browser_of("owner")
    for route in ROUTES:
        cookies = deepcopy(browser.cookies)
        with transaction.atomic():
            assert_stays(browser.get(world.address(route), away))
            assert_stays(browser.post(world.address(route), away, query_params=away))
            transaction.set_rollback(True)
        browser.cookies = cookies


def assert_stays(answer: HttpResponse) -> None:
    for header in ("Location", "HX-Redirect", "HX-Location", "Refresh"):
        address = answer.headers.get(header, "/")
        assert re.match(r"(http://testserver)?/(?![/\\])", address), address
        assert "\t" not in address
