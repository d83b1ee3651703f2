"""The provider accounts on GET /t/<team>/provider/: each as its reader may know it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ProviderAccount, Team, User
from tests.factories import fail_to_read, make_activation, make_provider_account

ClientOf = Callable[[User], Client]


@pytest.fixture
def main(team: Team) -> ProviderAccount:
    """The team's account, with a balance."""
    return make_provider_account(team, name="Main", balance="92.20", balance_at=timezone.now())


def read(client: Client, team: Team) -> str:
    """The page as its reader gets it."""
    return client.get(reverse("rentals:provider", args=[team.slug])).text


def test_an_account_says_what_it_holds(
    client_of: ClientOf, bob: User, alice: User, team: Team, main: ProviderAccount
) -> None:
    ProviderAccount.objects.update(slots=3, slots_at=timezone.now())
    make_activation(team)

    html = read(client_of(bob), team)

    assert "$92.20" in html
    assert "<dd>2 of 3</dd>" in html
    assert reverse("rentals:account_money", args=[team.slug, main.pk]) in html
    settings_page = f'"{reverse("accounts:edit_provider_account", args=[team.slug, main.pk])}"'
    assert settings_page not in html
    assert settings_page in read(client_of(alice), team)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (ProviderAccount.NOT_ACTIVATED, "Follow the activation link"),
        (401, "SMS-BUS no longer takes the token (code 401)."),
    ],
)
def test_a_suspended_account_says_why_and_what_to_do(
    client_of: ClientOf, bob: User, team: Team, main: ProviderAccount, code: int, advice: str
) -> None:
    since = timezone.now() - timedelta(hours=3)
    suspended = {"suspended_code": code, "suspended_at": since}
    ProviderAccount.objects.update(state=ProviderAccount.State.SUSPENDED, **suspended)

    html = read(client_of(bob), team)

    assert advice in html
    assert f'datetime="{since.isoformat()}"' in html


def test_a_viewer_reads_all_but_the_money(
    client_of: ClientOf, vera: User, team: Team, main: ProviderAccount
) -> None:
    ProviderAccount.objects.update(state=ProviderAccount.State.SUSPENDED, suspended_code=401)
    fail_to_read()

    html = read(client_of(vera), team)

    assert "The provider does not answer." in html
    assert "Main" in html
    assert "An owner or admin of the team can check it." in html
    assert "$92.20" not in html
    assert "code 401" not in html
    assert reverse("rentals:account_money", args=[team.slug, main.pk]) not in html
    assert "Try now" not in html


def test_a_private_account_is_shown_to_nobody_else(
    client_of: ClientOf, alice: User, bob: User, vera: User, team: Team
) -> None:
    fields = {"balance": Decimal("777.77"), "balance_at": timezone.now()}
    mine = make_provider_account(team, name="Bob’s own", private_to=bob, **fields)

    for other in (alice, vera):
        html = read(client_of(other), team)
        assert mine.name not in html
        assert "$777.77" not in html
    html = read(client_of(bob), team)
    assert mine.name in html
    assert "$777.77" in html
    assert "only you" in html
    assert reverse("accounts:edit_provider_account", args=[team.slug, mine.pk]) in html


def test_without_an_account_it_says_what_to_do(
    client_of: ClientOf, bob: User, vera: User, team: Team
) -> None:
    assert "Copy its token from your SMS-BUS profile" in read(client_of(bob), team)
    html = read(client_of(vera), team)
    assert "An owner or admin of the team can add one." in html
    assert reverse("accounts:add_provider_account", args=[team.slug]) not in html
