"""What stands at the head of every page: the way to every other page, and to every team."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from accounts.models import Role, Team, User
from tests.factories import add_member, make_team, make_user

ClientOf = Callable[[User], Client]


def test_the_way_to_every_page_of_the_team(client_of: ClientOf, alice: User, team: Team) -> None:
    html = client_of(alice).get(reverse("rentals:desk", args=[team.slug])).text

    names = ("rentals:desk", "rentals:leases", "rentals:history", "catalog:prices")
    managing = ("accounts:team", "accounts:provider_accounts", "rentals:limits")
    for name in (*names, *managing):
        assert f'href="{reverse(name, args=[team.slug])}"' in html


def test_it_says_where_one_is(client_of: ClientOf, alice: User, team: Team) -> None:
    address = reverse("rentals:history", args=[team.slug])

    html = client_of(alice).get(address).text

    assert f'href="{address}" aria-current="page"' in html
    assert html.count('aria-current="page"') == 1


def test_many_teams_can_be_searched_and_few_need_not(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    desk = reverse("rentals:desk", args=[team.slug])
    assert "data-filter-teams" not in client_of(alice).get(desk).text

    for number in range(8):
        add_member(make_team(make_user(), f"Line {number}"), alice, Role.VIEWER)

    html = client_of(alice).get(desk).text
    assert "data-filter-teams" in html
    assert all(f"Line {number}" in html for number in range(8))
