"""Sign-up, sign-in, reset and sign-out: django-allauth, dressed and with a team."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts import adapter
from accounts.models import Role, Team, User
from tests.accounts.conftest import text_of
from tests.factories import PASSWORD, make_team, make_user

pytestmark = pytest.mark.django_db
NEW = {"email": "Nora@Example.org", "password1": PASSWORD, "password2": PASSWORD}


def test_signing_up_makes_a_user_who_owns_a_personal_team(client: Client) -> None:
    client.post("/accounts/signup/", NEW)
    nora = User.objects.get(email="nora@example.org")
    membership = nora.memberships.get()
    assert membership.role == Role.OWNER
    assert membership.team.is_personal
    assert membership.team.name == "nora’s team"
    assert client.get("/")["Location"] == f"/t/{membership.team.slug}/"


def test_no_user_without_a_team(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(user: User) -> None:
        raise RuntimeError

    monkeypatch.setattr(adapter, "create_user_team", fail)
    with pytest.raises(RuntimeError):
        client.post("/accounts/signup/", NEW)
    assert not User.objects.exists()


def test_a_weak_password_is_refused(client: Client) -> None:
    response = client.post("/accounts/signup/", NEW | {"password1": "12345", "password2": "12345"})
    assert response.status_code == 200
    assert "too short" in text_of(response)
    assert not Team.objects.exists()


def test_signing_in_with_the_address_in_any_case(client: Client) -> None:
    team = make_team(make_user("Alice"))
    response = client.post("/accounts/login/", {"login": "ALICE@example.org", "password": PASSWORD})
    assert response["Location"] == "/"
    assert client.get("/")["Location"] == f"/t/{team.slug}/"


def test_a_wrong_password_says_no_more_than_that(client: Client) -> None:
    make_user("Alice")
    answers = [
        text_of(client.post("/accounts/login/", {"login": login, "password": "wrong password"}))
        for login in ("alice@example.org", "nobody@example.org")
    ]
    assert all("not correct" in answer for answer in answers)


def test_an_external_next_is_not_followed(client: Client) -> None:
    make_user("Alice")
    response = client.post(
        "/accounts/login/?next=https://evil.example/",
        {"login": "alice@example.org", "password": PASSWORD},
    )
    assert response["Location"] == "/"


def test_guessing_passwords_is_stopped(client: Client) -> None:
    make_user("Alice")
    guess = {"login": "alice@example.org", "password": "wrong password"}
    for _ in range(12):
        client.post("/accounts/login/", guess)
    response = client.post("/accounts/login/", guess | {"password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert "Too many failed" in text_of(response)


def test_a_forgotten_password_is_reset_by_mail(client: Client) -> None:
    make_user("Alice")
    client.post("/accounts/password/reset/", {"email": "alice@example.org"})
    message = mail.outbox[0]
    assert message.to == ["alice@example.org"]
    assert message.subject == "Password Reset Email"
    assert message.alternatives[0].mimetype == "text/html"
    assert "/accounts/password/reset/key/" in message.alternatives[0].content
    link = re.search(r"http://testserver(/\S+)", message.body)
    assert link
    form = client.get(link.group(1), follow=True)
    new = "a quite different phrase"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert User.objects.get().check_password(new)


def test_a_reset_does_not_say_who_has_an_account(client: Client) -> None:
    response = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert response["Location"] == "/accounts/password/reset/done/"


def test_signing_out_takes_a_post(client: Client, alice: User) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "path",
    ["login/", "signup/", "password/reset/", "password/reset/done/", "confirm-email/"],
)
def test_its_pages_are_dressed(client: Client, path: str) -> None:
    page = text_of(client.get(f"/accounts/{path}"))
    assert "busstop.css" in page
    assert "<script>" not in page
    assert "style=" not in page


@pytest.mark.parametrize(
    "path", ["email/", "password/change/", "logout/", "sessions/", "reauthenticate/"]
)
def test_its_pages_for_members_are_dressed(client: Client, alice: User, path: str) -> None:
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    response = client.get(f"/accounts/{path}")
    assert response.status_code == 200
    assert "busstop.css" in text_of(response)
    alone = path == "sessions/"  # who is signed in nowhere else has nothing to press there
    assert alone or 'class="btn' in text_of(response)
