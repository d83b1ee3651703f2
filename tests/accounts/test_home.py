"""GET / and POST /demo/"""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Team, User
from accounts.operations import create_user_team, ensure_demo_user
from tests.accounts.conftest import Visit, text_of
from tests.factories import make_user

ClientOf = Callable[[User], Client]
pytestmark = pytest.mark.django_db


def test_signed_out_it_is_the_front_page_with_the_demo_button(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert 'action="/demo/"' in text_of(response)


def test_without_the_sandbox_there_is_no_demo_button(client: Client, settings: Settings) -> None:
    settings.DEMO = False
    assert 'action="/demo/"' not in text_of(client.get("/"))


def test_signed_in_it_leads_to_the_desk_used_last(
    alice: User, team: Team, client_of: ClientOf
) -> None:
    personal = create_user_team(alice)
    client = client_of(alice)
    assert client.get("/")["Location"] == f"/t/{personal.slug}/"
    client.get(f"/t/{team.slug}/team/")
    assert client.get("/")["Location"] == f"/t/{team.slug}/"


def test_who_is_in_no_team_is_led_to_make_one(sam: User, visit: Visit) -> None:
    assert visit("sam", "/")["Location"] == "/teams/new/"


def test_it_takes_no_post(visit: Visit) -> None:
    assert visit("anonymous", "/", {}).status_code == 405


def test_one_click_signs_in_as_the_demo_user(client: Client) -> None:
    response = client.post("/demo/", follow=True)
    demo = User.objects.get(email="demo@busstop.example")
    assert response.context["user"] == demo
    assert response.redirect_chain[-1][0] == f"/t/{demo.teams.get().slug}/"


def test_a_second_click_finds_the_same_user_and_team(client: Client) -> None:
    client.post("/demo/")
    Client().post("/demo/")
    assert ensure_demo_user().teams.count() == 1


def test_nobody_signs_in_as_the_demo_user_by_password() -> None:
    assert not ensure_demo_user().has_usable_password()


def test_without_the_sandbox_the_demo_does_not_exist(client: Client, settings: Settings) -> None:
    settings.DEMO = False
    assert client.post("/demo/").status_code == 404
    assert not User.objects.exists()


def test_a_link_cannot_sign_anybody_in(client: Client) -> None:
    assert client.get("/demo/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/demo/").status_code == 403


def test_an_inactive_user_is_signed_out(client_of: ClientOf, team: Team, alice: User) -> None:
    client = client_of(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/").status_code == 200


def test_the_demo_takes_over_from_who_was_signed_in(client_of: ClientOf) -> None:
    client = client_of(make_user("Nora"))
    client.post("/demo/")
    assert client.session["_auth_user_id"] == str(ensure_demo_user().pk)
