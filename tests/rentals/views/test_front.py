"""The front page and the pages that say that something is wrong."""

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Team, User


@pytest.mark.django_db
def test_the_front_page_signs_in_with_one_click_in_the_demo(client: Client) -> None:
    html = client.get("/").text

    assert "Sign in as the demo user" in html
    assert reverse("accounts:demo_sign_in") in html
    assert reverse("account_signup") in html


@pytest.mark.django_db
def test_without_the_demo_there_is_no_such_button(client: Client, settings: Settings) -> None:
    settings.DEMO = False

    html = client.get("/").text

    assert "Sign in as the demo user" not in html
    assert reverse("account_login") in html


def test_a_page_that_does_not_exist(
    client_of: Callable[[User], Client], alice: User, team: Team
) -> None:
    response = client_of(alice).get(f"/t/{team.slug}/nothing/")

    assert response.status_code == 404
    assert "There is no such stop" in response.text
    assert "No money moved." in response.text


@pytest.mark.parametrize(
    ("page", "whose"),
    [("/t/{}/accounts/add/", "role in this team"), ("/admin/login/", "account")],
)
def test_what_is_forbidden_says_by_what(
    client_of: Callable[[User], Client], vera: User, team: Team, page: str, whose: str
) -> None:
    response = client_of(vera).get(page.format(team.slug))

    assert response.status_code == 403
    assert f"Your {whose} does not allow that." in response.text
    assert ("Ask whoever runs this site" in response.text) == (whose == "account")


@pytest.mark.parametrize("name", ["403.html", "403_csrf.html", "404.html", "429.html"])
def test_each_error_says_what_to_do(client: Client, name: str) -> None:
    html = render_to_string(name)

    assert "No money moved." in html
    assert 'href="/"' in html


def test_the_page_for_our_own_errors_needs_nothing(settings: Settings) -> None:
    settings.STATIC_URL = "/nowhere/"

    html = render_to_string("500.html")

    assert "never sent twice" in html
    assert "/nowhere/" not in html
