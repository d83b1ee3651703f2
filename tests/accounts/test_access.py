"""The gate between a request and a team."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.access import get_home_team, get_membership
from accounts.models import Role, Team, User
from accounts.operations import create_user_team


def request_by(user: User | AnonymousUser, **headers: str) -> HttpRequest:
    request = RequestFactory().get("/", headers=headers)
    request.user = user
    request.session = {}  # type: ignore[assignment]
    return request


def test_a_member_gets_the_team_and_the_role_in_one_query(
    alice: User, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        membership = get_membership(request_by(alice), team.slug, Role.OWNER)
        assert (membership.team, membership.user, membership.role) == (team, alice, Role.OWNER)


def test_an_outsider_learns_nothing_not_even_staff(charlie: User, sam: User, team: Team) -> None:
    for user in (charlie, sam, AnonymousUser()):
        with pytest.raises(Http404):
            get_membership(request_by(user), team.slug)
    with pytest.raises(Http404):
        get_membership(request_by(charlie), "nosuchteam")


@pytest.mark.parametrize(
    ("at_least", "enough"),
    [(Role.VIEWER, True), (Role.MEMBER, True), (Role.ADMIN, False), (Role.OWNER, False)],
)
def test_a_role_is_enough_or_forbidden(bob: User, team: Team, at_least: Role, enough: bool) -> None:
    if enough:
        assert get_membership(request_by(bob), team.slug, at_least).user == bob
    else:
        with pytest.raises(PermissionDenied):
            get_membership(request_by(bob), team.slug, at_least)


def test_home_is_the_team_used_last_else_the_personal_one(alice: User, team: Team) -> None:
    request = request_by(alice)
    assert get_home_team(request) == team
    personal = create_user_team(alice)
    assert get_home_team(request) == personal
    get_membership(request, team.slug)
    assert get_home_team(request) == team


def test_home_is_never_a_team_one_was_removed_from(charlie: User, team: Team) -> None:
    request = request_by(charlie)
    request.session["team"] = team.slug
    assert get_home_team(request) == charlie.teams.get()


@pytest.mark.parametrize("address", ["/me/", "/help/", "/no-such-page/"])
def test_a_page_of_no_team_keeps_the_way_back_to_the_last_one(
    client: Client, alice: User, team: Team, address: str
) -> None:
    client.force_login(alice)
    page = client.get(address).text
    assert reverse("rentals:history", args=[team.slug]) in page
    assert reverse("live:ticket", args=[team.slug]) in page


def test_it_is_not_kept_where_the_team_wants_a_second_factor_that_was_not_given(
    client: Client, alice: User, team: Team
) -> None:
    Team.objects.update(needs_second_factor=True)
    client.force_login(alice)
    assert team.slug not in client.get("/help/").text


def test_there_is_none_for_who_is_signed_out_or_in_no_team(client: Client, alice: User) -> None:
    assert 'class="site-nav"' not in client.get("/help/").text
    client.force_login(alice)
    assert 'class="site-nav"' not in client.get("/help/").text


def test_a_fragment_does_not_write_the_session(alice: User, team: Team) -> None:
    request = request_by(alice, **{"HX-Request": "true"})
    get_membership(request, team.slug)
    assert dict(request.session.items()) == {}
