"""A board with nothing on it: the first purchase is taught once, and only to who never bought."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from accounts.models.team import TERMS_VERSION
from rentals.states import PurchaseState
from tests.factories import make_provider_account, make_purchase, make_team

ClientOf = Callable[[User], Client]


def desk(team: Team) -> str:
    return reverse("rentals:desk", args=[team.slug])


def page(client: Client, address: str) -> str:
    return client.get(address).text


def test_an_empty_board_says_what_to_do_first(
    client_of: ClientOf, alice: User, bob: User, vera: User, team: Team
) -> None:
    team.terms_version = ""
    team.save()

    html = page(client_of(bob), desk(team))
    assert "Add a provider account" in html
    assert "an owner or admin does that" in html
    assert html.count('class="is-done"') == 0

    make_provider_account(team)
    assert page(client_of(alice), desk(team)).count('class="is-done"') == 1
    team.terms_version = TERMS_VERSION
    team.save()
    assert page(client_of(alice), desk(team)).count('class="is-done"') == 2
    assert "first-steps" not in page(client_of(vera), desk(team))


def test_who_has_bought_before_is_taught_no_first_purchase(
    client_of: ClientOf,
    alice: User,
    team: Team,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_provider_account(team)
    make_purchase(make_team())
    client, history = client_of(alice), reverse("rentals:history", args=[team.slug])
    board = reverse("rentals:board", args=[team.slug])
    assert "first-steps" in page(client, board)
    make_purchase(team, state=PurchaseState.REFUSED, put_away_at=timezone.now())

    with django_assert_max_num_queries(12):
        html = page(client, desk(team))

    assert "first-steps" not in html
    assert "Nothing is open." in html
    assert f'<a href="{history}">Earlier ones are in history</a>' in html
    with django_assert_max_num_queries(7):
        page(client, board)
