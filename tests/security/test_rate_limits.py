"""Goal 5: sign-in, reset, purchases, reveals, exports and checks are limited, with words and a time."""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.cache import cache, caches
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Team, User
from core.ratelimit import RATES
from core.valkey import socket_url
from rentals.models import Purchase
from tests.accounts.conftest import text_of
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def unused() -> None:
    """Limits count in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two a minute of everything, to be quick: what is limited is the matter here, not at how many."""
    monkeypatch.setattr("core.ratelimit.RATES", dict.fromkeys(RATES, 2))
    monkeypatch.setattr("core.ratelimit.time.time", lambda: 1_800_000_015.0)  # no minute ends here


def limited(team: Team, account: object, code: object) -> dict[str, list[str]]:
    """The addresses of each action that is counted, as they are posted to."""
    t, purchase, lease = [team.slug], [team.slug, code], [team.slug, uuid.uuid4()]
    names = {
        "purchase": [
            ("rentals:buy", t),
            ("rentals:again", purchase),
            ("rentals:lease_number", t),
            ("rentals:renew_lease", lease),
        ],
        "reveal": [("rentals:reveal", [team.slug, 1])],
        "export": [("accounts:export_audit_trail", t), ("accounts:download_data", [])],
        "provider account": [
            ("accounts:add_provider_account", t),
            ("accounts:edit_provider_account", [team.slug, account]),
            ("accounts:check_provider_account", [team.slug, account]),
        ],
        "account": [("accounts:delete_me", [])],
    }
    return {
        action: [reverse(name, args=args) for name, args in pages]
        for action, pages in names.items()
    }


def test_goal_5_every_action_has_a_rate_and_is_limited(
    team: Team, alice: User, client_of: Browser, strict: None
) -> None:
    pages = limited(team, uuid.uuid4(), uuid.uuid4())
    assert set(pages) == set(RATES)
    for addresses in pages.values():
        for address in addresses:  # those of one action are counted together
            cache.clear()
            browser = client_of(alice)
            codes = [browser.post(address).status_code for _ in range(3)]
            assert codes[2] == 429, address
            assert 429 not in codes[:2], address


def test_goal_5_a_429_says_what_when_and_that_no_money_moved(
    team: Team, alice: User, client_of: Browser, strict: None
) -> None:
    browser, buy = client_of(alice), reverse("rentals:buy", args=[team.slug])
    for _ in range(2):
        browser.post(buy)
    for headers in ({}, HTMX):
        answer = browser.post(buy, headers=headers)
        assert (answer.status_code, answer["Retry-After"]) == (429, "45")
        assert "no money moved" in text_of(answer).lower()
        assert "no-store" in answer["Cache-Control"]
    assert answer["HX-Refresh"] == "true"
    page = browser.get(reverse("rentals:desk", args=[team.slug]))
    assert "no money moved" in text_of(page), "the page that htmx reads anew says so"
    assert not Purchase.objects.exists()


def test_goal_5_one_member_does_not_use_up_the_others_and_a_get_counts_nothing(
    team: Team, alice: User, bob: User, client_of: Browser, strict: None
) -> None:
    buy = reverse("rentals:buy", args=[team.slug])
    for _ in range(3):
        client_of(alice).post(buy)
    assert client_of(bob).post(buy).status_code != 429
    browser = client_of(bob)
    assert {browser.get("/me/delete/").status_code for _ in range(5)} == {200}


def test_goal_5_guessing_a_password_is_limited(alice: User, client: Client) -> None:
    codes = [
        client.post("/accounts/login/", {"login": alice.email, "password": "wrong"}).status_code
        for _ in range(12)
    ]
    assert 429 in codes or "Too many" in text_of(
        client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    )


def test_goal_5_asking_for_resets_is_limited_and_says_when(alice: User, client: Client) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": f"{n}@example.org"}) for n in range(25)
    ]
    assert answers[-1].status_code == 429
    assert answers[-1]["Retry-After"] == "60"


# --- while Redis is away


@pytest.fixture
def signed_in(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def without_redis(settings: Settings) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="busstop-", dir="/tmp") as folder:
        nobody = socket_url(Path(folder) / "valkey.sock")
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": nobody}}
        yield


def test_goal_5_without_redis_each_process_goes_on_counting(
    team: Team,
    signed_in: Client,
    strict: None,
    without_redis: None,
) -> None:
    browser, buy = signed_in, reverse("rentals:buy", args=[team.slug])
    codes = [browser.post(buy).status_code for _ in range(3)]
    assert 429 not in codes[:2], "buying goes on"
    assert codes[2] == 429, "and is limited"


def test_goal_5_without_redis_people_sign_in_and_guessing_is_limited(
    without_redis: None, db: None
) -> None:
    user = make_user()
    browser = Client()
    form = {"login": user.email, "password": PASSWORD}
    assert browser.post("/accounts/login/", form).status_code == 302
    guesses = [Client().post("/accounts/login/", form | {"password": f"{n}"}) for n in range(12)]
    last = guesses[-1]
    assert last.status_code == 429 or "Too many" in text_of(last)


def test_what_is_no_count_is_still_not_kept_without_redis(without_redis: None) -> None:
    caches["default"].set("stop", 1)
    assert caches["default"].get("stop") is None
