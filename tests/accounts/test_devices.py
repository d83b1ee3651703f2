"""Sessions are listed and ended; a sign-in from somewhere new is told by mail."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Action, AuditEntry, SeenDevice, User
from accounts.operations import ensure_demo_user
from tests.accounts.conftest import text_of
from tests.factories import PASSWORD, make_user

HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


class SignIn:
    """``sign_in(alice)`` opens a browser; ``sign_in(alice, browser, ip=…)`` uses one again."""

    def __init__(self, capture: Any) -> None:
        self.capture = capture

    def __call__(
        self, user: User, browser: Client | None = None, *, ip: str = HOME, agent: str = "Firefox"
    ) -> Client:
        browser = browser or Client()
        form = {"login": user.email, "password": PASSWORD}
        with self.capture(execute=True):
            answer = browser.post("/accounts/login/", form, REMOTE_ADDR=ip, HTTP_USER_AGENT=agent)
        assert answer.status_code == 302
        return browser


@pytest.fixture
def sign_in(db: None, django_capture_on_commit_callbacks: Callable[..., Any]) -> SignIn:
    return SignIn(django_capture_on_commit_callbacks)


def told() -> list[str]:
    return [message.to[0] for message in mail.outbox if "new sign-in" in message.subject]


# --- somewhere new


def test_the_first_sign_in_of_all_tells_nobody(alice: User, sign_in: SignIn) -> None:
    sign_in(alice)
    assert told() == []


def test_another_browser_at_another_place_is_told_by_mail(alice: User, sign_in: SignIn) -> None:
    sign_in(alice)
    sign_in(alice, ip=ELSEWHERE, agent="Curl <b>/8</b>")
    assert told() == [alice.email]
    body = mail.outbox[-1].body
    assert ELSEWHERE in body
    assert "Curl <b>/8</b>" in body
    assert "/accounts/sessions/" in body
    assert "/accounts/password/change/" in body


def test_each_is_told_once(alice: User, sign_in: SignIn) -> None:
    sign_in(alice)
    browser = sign_in(alice, ip=ELSEWHERE, agent="Chrome")
    sign_in(alice, browser, ip="203.0.113.1", agent="Chrome 2")  # the cookie knows the browser
    sign_in(alice, ip="198.51.100.77", agent="Chrome")  # a lost cookie, the same network
    assert told() == [alice.email]


@pytest.mark.parametrize(
    ("ip", "agent", "is_new"),
    [
        ("192.0.2.200", "Firefox", False),
        ("192.0.3.7", "Firefox", True),
        (HOME, "Chrome", True),
        ("2001:db8:1:ffff::2", "Firefox", False),
        ("2001:db8:2::1", "Firefox", True),
    ],
)
def test_without_the_cookie_it_is_the_network_and_the_browsers_name_that_count(
    alice: User, sign_in: SignIn, ip: str, agent: str, is_new: bool
) -> None:
    sign_in(alice, ip="2001:db8:1::1" if ":" in ip else HOME)
    sign_in(alice, ip=ip, agent=agent)
    assert bool(told()) is is_new


def test_a_browser_that_another_person_uses_is_new_to_oneself(alice: User, sign_in: SignIn) -> None:
    mallory = make_user("Mallory")
    browser = sign_in(mallory, ip=ELSEWHERE, agent="Chrome")
    browser.post("/accounts/logout/")
    sign_in(alice)
    sign_in(alice, browser, ip=ELSEWHERE, agent="Chrome")
    assert told() == [alice.email]


def test_a_mark_that_is_forged_or_copied_from_elsewhere_is_no_mark(
    alice: User, sign_in: SignIn
) -> None:
    sign_in(alice)
    browser = Client()
    browser.cookies["device"] = "forged:1:2"
    sign_in(alice, browser, ip=ELSEWHERE, agent="Chrome")
    assert told() == [alice.email]


def test_after_a_year_it_is_new_again(alice: User, sign_in: SignIn) -> None:
    sign_in(alice)
    SeenDevice.objects.update(seen_at=timezone.now() - timedelta(days=366))
    sign_in(alice, ip=ELSEWHERE)
    assert SeenDevice.objects.filter(user=alice).count() == 2, "the old ones are forgotten"


def test_neither_address_nor_browser_nor_mark_is_kept(alice: User, sign_in: SignIn) -> None:
    browser = sign_in(alice)
    mark = browser.cookies["device"].value
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_seendevice")
        kept = repr(cursor.fetchall())
    assert len(SeenDevice.objects.all()) == 2
    for known in ("192.0.2", "Firefox", mark, mark.split(":")[0]):
        assert known not in kept


def test_the_cookie_is_for_the_server_alone(
    alice: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.SESSION_COOKIE_SECURE = True
    cookie = sign_in(alice).cookies["device"]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 365 * 24 * 3600


def test_a_mail_server_that_is_away_keeps_nobody_out(
    alice: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(alice)

    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", away)
    assert sign_in(alice, ip=ELSEWHERE, agent="Chrome").get("/me/").status_code == 200


def test_the_demo_user_is_everybody_and_told_nothing(db: None, settings: Settings) -> None:
    settings.DEMO = True
    ensure_demo_user()
    Client().post("/demo/")
    assert not SeenDevice.objects.exists()


# --- what else is told


def test_another_password_is_told_by_mail(alice: User, sign_in: SignIn) -> None:
    browser = sign_in(alice)
    new = "a quite different one"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post("/accounts/password/change/", form).status_code == 302
    assert "password" in mail.outbox[-1].subject.lower()
    assert mail.outbox[-1].to == [alice.email]
    assert new not in mail.outbox[-1].body


# --- sessions


def test_sessions_are_listed_and_one_is_ended(alice: User, sign_in: SignIn) -> None:
    here = sign_in(alice)
    there = sign_in(alice, ip=ELSEWHERE, agent="<b>Chrome</b>")
    page = text_of(here.get("/accounts/sessions/"))
    assert ELSEWHERE in page
    assert "&lt;b&gt;Chrome&lt;/b&gt;" in page
    assert page.count("Sign out there") == 1, "not this browser"
    row = UserSession.objects.get(ip=ELSEWHERE)
    assert f"/me/sessions/{row.pk}/end/" in page

    here.post(f"/me/sessions/{row.pk}/end/")

    assert there.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200
    entry = AuditEntry.objects.get(action=Action.SESSIONS_ENDED)
    assert (entry.actor_id, entry.after) == (alice.pk, {"sessions": 1})


def test_all_others_are_ended_at_once_and_their_streams(
    alice: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from live import bus

    here, there, elsewhere = (sign_in(alice) for _ in range(3))
    closed: list[int] = []
    monkeypatch.setattr(
        bus, "close_streams", lambda *, user_id, team_id=None: closed.append(user_id)
    )
    here.post("/me/sessions/end-others/")
    codes = [browser.get("/me/").status_code for browser in (here, there, elsewhere)]
    assert codes == [200, 302, 302]
    assert set(closed) == {alice.pk}


def test_those_of_somebody_else_are_not_found(alice: User, bob: User, sign_in: SignIn) -> None:
    there = sign_in(bob)
    row = UserSession.objects.get(user=bob)
    assert sign_in(alice).post(f"/me/sessions/{row.pk}/end/").status_code == 404
    assert there.get("/me/").status_code == 200
