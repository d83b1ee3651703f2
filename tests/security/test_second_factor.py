"""Goal 3: a second factor, required of staff and by teams that say so, with secrets that are sealed."""

import json
from collections.abc import Callable
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import Action, AuditEntry, Team, User
from accounts.operations import ensure_demo_user
from core import crypto
from tests.accounts.conftest import text_of
from tests.factories import PASSWORD, make_user
from tests.signing_in import TOTP_SECRET, add_second_factor, sign_in

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """Every test starts with the limits unused, and with no code used."""
    cache.clear()


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    now = list(yield_hotp_counters_from_time())[1]
    return format_hotp_value(hotp_value(secret, now))


def post_password(client: Client, user: User) -> str:
    return client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})["Location"]


@pytest.mark.django_db(transaction=True)
def test_an_authenticator_app_is_set_up_and_asked_for(client: Client, alice: User) -> None:
    sign_in(client, alice)
    page = client.get("/accounts/2fa/totp/activate/")
    assert "data:image/svg+xml" in text_of(page)
    secret = page.context["form"].secret
    done = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert done["Location"] == "/accounts/2fa/recovery-codes/"
    assert "Download codes" in text_of(client.get(done["Location"]))
    actions = set(AuditEntry.objects.filter(actor_id=alice.pk).values_list("action", flat=True))
    assert Action.FACTOR_ADDED in actions
    assert secret not in json.dumps(list(AuditEntry.objects.values("before", "after")))

    stranger = Client()
    assert post_password(stranger, alice) == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in stranger.session
    wrong = stranger.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "Incorrect code" in text_of(wrong)
    cache.clear()
    stranger.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert stranger.session["_auth_user_id"] == str(alice.pk)


def test_a_recovery_code_signs_in_once(alice: User) -> None:
    add_second_factor(alice)
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]
    signed_in = []
    for _ in range(2):
        client = Client()
        post_password(client, alice)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        signed_in.append("_auth_user_id" in client.session)
    assert signed_in == [True, False]


def test_its_secrets_are_sealed(alice: User) -> None:
    add_second_factor(alice)
    codes = RecoveryCodes.activate(alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = str(cursor.fetchall())
    assert TOTP_SECRET not in stored
    assert not any(code in stored for code in codes.generate_codes())
    read = Authenticator.objects.get(type="totp").wrap()
    assert read.validate_code(code_of(TOTP_SECRET))


def test_a_secret_that_is_copied_into_another_row_does_not_open(alice: User) -> None:
    mine = add_second_factor(alice)
    other = TOTP.activate(make_user("Mallory"), "NBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").instance
    Authenticator.objects.filter(pk=mine.pk).update(data=other.data)
    with pytest.raises(crypto.CannotUnseal):
        Authenticator.objects.get(pk=mine.pk).wrap().validate_code("000000")


def test_rotating_keys_seals_them_anew(alice: User, settings: Settings) -> None:
    settings.TOKEN_KEYS = {"old": bytes(32)}
    add_second_factor(alice)
    codes = RecoveryCodes.activate(alice).generate_codes()
    settings.TOKEN_KEYS = {"new": bytes(range(32)), "old": bytes(32)}
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    assert out.getvalue().startswith("2 secrets, 2 sealed anew")
    settings.TOKEN_KEYS = {"new": bytes(range(32))}
    assert Authenticator.objects.get(type="totp").wrap().validate_code(code_of(TOTP_SECRET))
    assert Authenticator.objects.get(type="recovery_codes").wrap().generate_codes() == codes


def test_staff_without_one_are_sent_to_set_it_up(sam: User, client: Client) -> None:
    sign_in(client, sam, second_factor=False)
    for path in ("/admin/", "/admin/accounts/user/"):
        answer = client.get(path, follow=True)
        assert answer.redirect_chain[-1][0] == "/accounts/2fa/"
        assert "Staff need a second factor" in text_of(answer)


def test_staff_who_have_one_but_did_not_give_it_are_asked_for_it(sam: User, client: Client) -> None:
    add_second_factor(sam)
    sign_in(client, sam, second_factor=False)
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/2fa/reauthenticate/?next=%2Fadmin%2F"
    done = client.post(
        answer.redirect_chain[-1][0], {"code": code_of(TOTP_SECRET), "next": "/admin/"}
    )
    assert done["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_the_admin_closes_when_the_last_one_is_removed(sam: User, client_of: Browser) -> None:
    browser = client_of(sam)
    assert browser.get("/admin/").status_code == 200
    Authenticator.objects.filter(user=sam).delete()
    assert browser.get("/admin/").status_code == 302


def test_the_admin_shows_no_secret(sam: User, client_of: Browser) -> None:
    browser = client_of(sam)
    factor = Authenticator.objects.get(user=sam)
    page = text_of(browser.get(f"/admin/mfa/authenticator/{factor.pk}/change/"))
    assert factor.data["secret"] not in page
    browser.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert factor.data["secret"] not in json.dumps(
        list(AuditEntry.objects.values("before", "after"))
    )


@pytest.fixture
def strict(team: Team) -> Team:
    team.needs_second_factor = True
    team.save()
    return team


def test_a_team_that_wants_one_shows_itself_only_to_those_who_gave_it(
    strict: Team, bob: User, charlie: User, client: Client, client_of: Browser
) -> None:
    url = f"/t/{strict.slug}/"
    answer = client_of(bob).get(url)
    assert answer.status_code == 403
    assert "This team wants a second factor" in text_of(answer)
    assert "/accounts/2fa/" in text_of(answer)
    assert client_of(charlie).get(url).status_code == 404
    add_second_factor(bob)
    assert "Give it now" in text_of(client_of(bob).get(url))
    sign_in(client, bob, second_factor=True)
    assert client.get(url).status_code == 200


def test_an_open_page_is_replaced_and_no_stream_is_given(
    strict: Team, bob: User, client_of: Browser
) -> None:
    browser = client_of(bob)
    fragment = browser.get(f"/t/{strict.slug}/board/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Refresh"]) == (403, "true")
    assert browser.get(f"/t/{strict.slug}/live-ticket/").status_code == 403


def test_only_an_owner_who_gave_one_requires_it(
    team: Team, alice: User, bob: User, client: Client, client_of: Browser
) -> None:
    url = f"/t/{team.slug}/team/second-factor/"
    assert client_of(bob).post(url, {"required": "1"}).status_code == 403
    client_of(alice).post(url, {"required": "1"})
    team.refresh_from_db()
    assert not team.needs_second_factor
    sign_in(client, alice, second_factor=True)
    client.post(url, {"required": "1"})
    team.refresh_from_db()
    assert team.needs_second_factor
    entry = AuditEntry.objects.get(action=Action.FACTOR_REQUIRED)
    assert (entry.before, entry.after) == ({"required": False}, {"required": True})
    assert "Require none any more" in text_of(client.get(f"/t/{team.slug}/team/"))


def test_requiring_one_ends_the_members_streams(
    team: Team, alice: User, bob: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from live import bus

    closed: list[int] = []
    monkeypatch.setattr(
        bus, "close_streams", lambda *, user_id, team_id=None: closed.append(user_id)
    )
    sign_in(client, alice, second_factor=True)
    client.post(f"/t/{team.slug}/team/second-factor/", {"required": "1"})
    assert set(closed) == {alice.pk, bob.pk}


def test_the_demo_stays_one_click(client: Client, settings: Settings) -> None:
    ensure_demo_user().teams.update(needs_second_factor=True)
    client.post("/demo/")
    assert client.get("/", follow=True).status_code == 200
    settings.DEMO = False
    assert client.get("/", follow=True).status_code == 403


@pytest.mark.parametrize("path", ["", "totp/activate/", "webauthn/add/", "reauthenticate/"])
def test_its_pages_are_dressed_and_have_no_inline_script(
    alice: User, client: Client, path: str
) -> None:
    sign_in(client, alice, second_factor=path == "reauthenticate/")
    response = client.get(f"/accounts/2fa/{path}")
    page = text_of(response)
    assert response.status_code == 200
    assert "busstop.css" in page
    assert "style=" not in page
    scripts = page.split("<script")[1:]
    assert all(
        "src=" in tag or "application/json" in tag for tag in (s.split(">")[0] for s in scripts)
    )
