"""Goal 4: changing tokens, limits, members or second factors asks to sign in again."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.models import Role, Team, User
from accounts.operations import ensure_demo_user
from sandbox.server import Sandbox
from tests.accounts.conftest import text_of
from tests.factories import PASSWORD, make_invitation, make_provider_account
from tests.security.matrix import MATRIX
from tests.security.test_requests import everything
from tests.security.world import make_world
from tests.signing_in import TOTP_SECRET, add_second_factor, sign_in

pytestmark = pytest.mark.django_db

# What changes tokens, limits, members or second factors, and the page where its form is.
FORMS = {
    "t/<slug:team>/accounts/add/": "",
    "t/<slug:team>/accounts/<uuid:account>/": "",
    "t/<slug:team>/accounts/<uuid:account>/remove/": "t/<slug:team>/accounts/<uuid:account>/",
    "t/<slug:team>/limits/team/": "t/<slug:team>/limits/",
    "t/<slug:team>/limits/<int:user_id>/": "t/<slug:team>/limits/",
    "t/<slug:team>/team/<int:user_id>/role/": "t/<slug:team>/team/",
    "t/<slug:team>/team/<int:user_id>/remove/": "",
    "t/<slug:team>/team/invitations/": "t/<slug:team>/team/",
    "t/<slug:team>/team/invitations/<uuid:invitation>/resend/": "t/<slug:team>/team/",
    "t/<slug:team>/team/invitations/<uuid:invitation>/revoke/": "t/<slug:team>/team/",
    "t/<slug:team>/team/second-factor/": "t/<slug:team>/team/",
    "t/<slug:team>/team/transfer/": "",
    "t/<slug:team>/team/delete/": "",
}
# The same of oneself: allauth's own pages, and the one that deletes the account. That of the password
# asks for the one there is.
OWN = [
    *("accounts/email/", "me/delete/"),
    *("accounts/2fa/totp/activate/", "accounts/2fa/webauthn/add/"),
    "accounts/2fa/recovery-codes/generate/",
]
FIELDS = {
    "role": "viewer",
    "email": "new@example.org",
    "name": "Elsewhere",
    "token": "x" * 20,
    "required": "1",
    "action_add": "",
}


@pytest.fixture(autouse=True)
def unlimited() -> None:
    cache.clear()


def let_time_pass(client: Client, seconds: float = 301) -> None:
    """What was shown is older by so much."""
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= seconds
    session.save()


@pytest.fixture
def stale(alice: User) -> Client:
    """Alice's browser, in which she signed in five minutes ago."""
    client = Client()
    sign_in(client, alice)
    let_time_pass(client)
    return client


def test_every_sensitive_form_asks_before_it_is_shown_and_takes_no_post(
    sandbox: Sandbox,
) -> None:
    world = make_world()
    browser = world.browser_of("owner")
    let_time_pass(browser)
    before = everything()
    before.pop("sessions.Session")
    for route, page in FORMS.items():
        back = world.address(page or route)
        answer = browser.post(world.address(route), FIELDS)
        asked = urlsplit(answer["Location"])
        assert (answer.status_code, asked.path) == (302, "/accounts/reauthenticate/"), route
        assert parse_qs(asked.query) == {"next": [back]}
        if not page:
            assert browser.get(back)["Location"] == answer["Location"]
    after = everything()
    after.pop("sessions.Session")
    assert after == before


def test_who_may_not_do_it_is_told_so_and_not_asked_for_a_password_first(sandbox: Sandbox) -> None:
    world = make_world()
    browser = world.browser_of("viewer")
    let_time_pass(browser)
    for route in FORMS.keys() - {"t/<slug:team>/team/<int:user_id>/remove/"}:  # one may leave
        assert browser.post(world.address(route), FIELDS).status_code in (403, 404), route


@pytest.mark.parametrize("route", OWN)
def test_what_is_ones_own_asks_too(route: str, stale: Client) -> None:
    answer = stale.post(f"/{route}", FIELDS)
    assert answer["Location"].startswith("/accounts/reauthenticate/")


def test_no_form_is_forgotten() -> None:
    """Whatever is posted under these addresses and is not in the list is harmless, and named here."""
    harmless = {
        "t/<slug:team>/accounts/<uuid:account>/check/",
        "t/<slug:team>/accounts/<uuid:account>/money/<int:snapshot>/explain/",
        "t/<slug:team>/team/rename/",
    }
    prefixes = ("t/<slug:team>/team/", "t/<slug:team>/accounts/", "t/<slug:team>/limits/")
    posted = {
        route
        for route, (_get, post) in MATRIX.items()
        if route.startswith(prefixes) and "y" in post
    }
    assert posted == set(FORMS) | harmless


def test_a_post_that_comes_too_late_says_so_keeps_no_token_and_leads_back(
    stale: Client, team: Team
) -> None:
    form = f"/t/{team.slug}/accounts/add/"
    asked = stale.post(form, {"name": "Main", "token": "canary-token"})["Location"]
    page = stale.get(asked)
    assert "Nothing was changed yet" in text_of(page)
    assert "canary" not in str(dict(stale.session))
    done = stale.post(asked, {"password": PASSWORD, "next": form})
    assert done["Location"] == form
    assert "Add a provider account" in text_of(stale.get(form))


def test_a_wrong_password_opens_nothing(stale: Client, team: Team) -> None:
    form = f"/t/{team.slug}/team/delete/"
    stale.post("/accounts/reauthenticate/", {"password": "wrong", "next": form})
    assert stale.get(form).status_code == 302


def test_a_code_of_the_app_does_as_well(stale: Client, alice: User, team: Team) -> None:
    add_second_factor(alice)
    form = f"/t/{team.slug}/team/delete/"
    offered = stale.get(stale.get(form)["Location"])
    assert "Use authenticator app or code" in text_of(offered)
    code = format_hotp_value(hotp_value(TOTP_SECRET, list(yield_hotp_counters_from_time())[1]))
    done = stale.post("/accounts/2fa/reauthenticate/", {"code": code, "next": form})
    assert done["Location"] == form
    assert stale.get(form).status_code == 200


def test_it_is_remembered_for_five_minutes(alice: User, team: Team, client: Client) -> None:
    form = f"/t/{team.slug}/team/delete/"
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert client.get(form).status_code == 200, "signing in counts"
    let_time_pass(client, 290)
    assert client.get(form).status_code == 200
    let_time_pass(client, 20)
    assert client.get(form).status_code == 302


def test_pages_that_everybody_reads_show_their_forms_only_then(
    stale: Client, team: Team, bob: User, client_of: Callable[[User], Client], alice: User
) -> None:
    make_invitation(team, "guest@example.org")
    for page, form in (("team", "/team/invitations/"), ("limits", "/limits/team/")):
        url = f"/t/{team.slug}/{page}/"
        asked, shown = text_of(stale.get(url)), text_of(client_of(alice).get(url))
        assert (form in asked, "Sign in again" in asked) == (False, True)
        assert (form in shown, "Sign in again" in shown) == (True, False)
        assert "Sign in again" not in text_of(client_of(bob).get(url))
    assert "guest@example.org" in text_of(stale.get(f"/t/{team.slug}/team/"))


def test_the_demo_asks_for_nothing(client: Client, settings: Settings) -> None:
    demo = ensure_demo_user()
    client.post("/demo/")
    team = demo.teams.get()
    account = make_provider_account(team)
    for page in ("accounts/add/", f"accounts/{account.pk}/", "team/delete/"):
        assert client.get(f"/t/{team.slug}/{page}").status_code == 200
    assert team.memberships.get().role == Role.OWNER
    demo.set_password(PASSWORD)
    demo.save()
    settings.DEMO = False
    client.post("/accounts/login/", {"login": demo.email, "password": PASSWORD})
    let_time_pass(client)
    assert client.get(f"/t/{team.slug}/accounts/add/").status_code == 302
