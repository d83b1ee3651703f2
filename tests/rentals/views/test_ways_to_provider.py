"""What leads to GET /t/<team>/provider/: the notice while it is down, accounts and help at any time."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import Team, User
from tests.factories import fail_to_read, make_user

ClientOf = Callable[[User], Client]


def address(team: Team) -> str:
    return reverse("rentals:provider", args=[team.slug])


@pytest.mark.parametrize("page", ["rentals:desk", "catalog:prices"])
def test_the_notice_leads_to_it(client_of: ClientOf, vera: User, team: Team, page: str) -> None:
    fail_to_read()
    html = client_of(vera).get(reverse(page, args=[team.slug])).text
    assert f'href="{address(team)}">What still works</a>' in html


def test_the_accounts_and_the_help_lead_to_it_when_all_is_well(
    client_of: ClientOf, client: Client, vera: User, team: Team
) -> None:
    link = f'<a href="{address(team)}">{escape("Does the provider answer?")}</a>'
    browser = client_of(vera)
    assert link in browser.get(reverse("accounts:provider_accounts", args=[team.slug])).text
    assert link in browser.get(reverse("rentals:help")).text
    assert "/provider/" not in client.get(reverse("rentals:help")).text
    assert link not in client_of(make_user()).get(reverse("rentals:help")).text
