"""The money of an account: differences between the provider's balance and the ledger."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ProviderAccount, Role, Team, User
from rentals.models import BalanceSnapshot
from rentals.operations.queueing import LESSON_GOOD_FOR
from rentals.states import PurchaseState
from tests.factories import (
    add_member,
    make_activation,
    make_provider_account,
    make_purchase,
    make_snapshot,
    make_team,
    make_user,
)

ClientOf = Callable[[User], Client]


@pytest.fixture
def main(team: Team) -> ProviderAccount:
    """The team's account, with a balance."""
    return make_provider_account(team, name="Main", balance="92.20", balance_at=timezone.now())


@pytest.fixture
def gone(main: ProviderAccount) -> BalanceSnapshot:
    """Five dollars that left past the ledger."""
    make_snapshot(main)
    return make_snapshot(main, drift=Decimal(-5), balance="92.20")


def money(account: ProviderAccount) -> str:
    return reverse("rentals:account_money", args=[account.team.slug, account.pk])


def explain(snapshot: BalanceSnapshot) -> str:
    account = snapshot.account
    return reverse("rentals:explain_drift", args=[account.team.slug, account.pk, snapshot.pk])


def accounts_page(team: Team) -> str:
    return reverse("accounts:provider_accounts", args=[team.slug])


# What it shows


def test_a_difference_is_shown_with_its_window_and_what_to_do(
    client_of: ClientOf, bob: User, gone: BalanceSnapshot
) -> None:
    html = client_of(bob).get(money(gone.account)).text

    assert "$5.00 left this account that no purchase here explains" in html
    assert gone.since is not None
    assert gone.until is not None
    assert gone.since.isoformat() in html
    assert gone.until.isoformat() in html
    assert "change it at SMS-BUS" in html


def test_money_that_came_in_looks_like_a_top_up(
    client_of: ClientOf, alice: User, main: ProviderAccount
) -> None:
    make_snapshot(main, drift=Decimal(20))

    html = client_of(alice).get(money(main)).text

    assert "$20.00 came into this account" in html
    assert "A top-up or a refund" in html


def test_what_cannot_be_said_yet_is_shown_as_open(
    client_of: ClientOf, alice: User, main: ProviderAccount
) -> None:
    make_snapshot(main)
    make_snapshot(main, drift=None, balance="97.06")

    html = client_of(alice).get(money(main)).text

    assert "At the moment the balance differs by -$0.14." in html
    assert ">open</span>" in html


def test_an_account_that_fits_says_so(
    client_of: ClientOf, alice: User, main: ProviderAccount
) -> None:
    assert "The balance was not read yet." in client_of(alice).get(money(main)).text
    make_snapshot(main)
    assert "None: every cent is explained." in client_of(alice).get(money(main)).text


def test_what_is_reserved_and_spent_here_is_of_this_account(
    client_of: ClientOf, alice: User, team: Team, main: ProviderAccount
) -> None:
    make_purchase(team, account=main)
    make_purchase(team, account=make_provider_account(team))

    html = client_of(alice).get(money(main)).text

    assert '<dd class="figure">$0.14</dd>' in html
    assert "no limit met in the last hour" in html


def test_htmx_gets_a_fragment(client_of: ClientOf, alice: User, gone: BalanceSnapshot) -> None:
    html = client_of(alice).get(money(gone.account), headers={"HX-Request": "true"}).text

    assert "<html" not in html
    assert "$5.00 left" in html


def test_more_of_everything_costs_no_more_queries(
    client_of: ClientOf,
    alice: User,
    gone: BalanceSnapshot,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_of(alice)
    client.get(money(gone.account))
    for address in (money(gone.account), accounts_page(gone.account.team)):
        with CaptureQueriesContext(connection) as few:
            client.get(address)
        for _ in range(5):
            fields = {"explained_at": timezone.now(), "explained_by": alice}
            make_snapshot(gone.account, drift=Decimal(-1))
            make_snapshot(gone.account, drift=Decimal(-1), **fields)
        with django_assert_num_queries(len(few)):
            client.get(address)


# Who may


def test_who_may_see_and_who_may_explain(
    client_of: ClientOf, alice: User, bob: User, vera: User, charlie: User, gone: BalanceSnapshot
) -> None:
    ada = add_member(gone.account.team, make_user("Ada"), Role.ADMIN).user
    seen = {user.name: client_of(user).get(money(gone.account)).status_code for user in (
        alice, ada, bob, vera, charlie,
    )}  # fmt: skip
    assert seen == {"Alice": 200, "Ada": 200, "Bob": 200, "Vera": 403, "Charlie": 404}
    note = {"explanation": "mine"}
    assert [
        client_of(user).post(explain(gone), note).status_code
        for user in (bob, vera, charlie, ada)
    ] == [403, 403, 404, 302]  # fmt: skip


def test_nobody_is_asked_to_sign_in(client: Client, gone: BalanceSnapshot) -> None:
    for response in (client.get(money(gone.account)), client.post(explain(gone))):
        assert response.headers["Location"].startswith("/accounts/login/")


def test_a_member_is_told_who_can_explain_it(
    client_of: ClientOf, bob: User, gone: BalanceSnapshot
) -> None:
    html = client_of(bob).get(money(gone.account)).text

    assert "An owner or admin of the team can note what it was." in html
    assert explain(gone) not in html


# Explaining


def test_an_explained_difference_stays_in_the_list_and_is_pointed_out_no_more(
    client_of: ClientOf, alice: User, gone: BalanceSnapshot
) -> None:
    client, page = client_of(alice), accounts_page(gone.account.team)
    assert "$5.00 left this account" in client.get(page).text

    html = client.post(explain(gone), {"explanation": "Ravi's test <phone>"}, follow=True).text

    assert "Noted." in html
    assert "Ravi&#x27;s test &lt;phone&gt;" in html
    assert "Alice" in html
    assert explain(gone) not in html
    assert "$5.00 left this account" not in client.get(page).text


def test_an_explanation_is_asked_for_again_when_it_is_empty(
    client_of: ClientOf, alice: User, gone: BalanceSnapshot
) -> None:
    response = client_of(alice).post(explain(gone), {"explanation": "  "})

    assert response.status_code == 422
    assert "Say in a few words what it was. Nothing was changed." in response.text


def test_the_second_to_explain_it_is_told(
    client_of: ClientOf, alice: User, gone: BalanceSnapshot
) -> None:
    client = client_of(alice)
    client.post(explain(gone), {"explanation": "first"})

    html = client.post(explain(gone), {"explanation": "second"}, follow=True).text

    assert "Somebody has explained this already." in html
    gone.refresh_from_db()
    assert gone.explanation == "first"


def test_only_a_difference_of_this_account_can_be_explained(
    client_of: ClientOf, alice: User, team: Team, main: ProviderAccount
) -> None:
    foreign = make_snapshot(make_provider_account(make_team()), drift=Decimal(-5))
    fits = make_snapshot(main)
    for pk in (foreign.pk, fits.pk, 2**70):
        address = reverse("rentals:explain_drift", args=[team.slug, main.pk, pk])
        assert client_of(alice).post(address, {"explanation": "x"}).status_code == 404


# Pointing it out


def test_the_accounts_page_points_out_what_nobody_has_explained(
    client_of: ClientOf, bob: User, vera: User, team: Team, gone: BalanceSnapshot
) -> None:
    make_snapshot(gone.account, drift=Decimal("0.14"))
    make_snapshot(make_provider_account(make_team()), drift=Decimal(-7))

    html = client_of(bob).get(accounts_page(team)).text

    assert "$0.14 came into this account" in html
    assert "There is 1 more difference." in html
    assert money(gone.account) in html
    assert "$7.00" not in html
    assert "came into" not in client_of(vera).get(accounts_page(team)).text
    assert money(gone.account) not in client_of(vera).get(accounts_page(team)).text


# Slots


@pytest.mark.parametrize("forgotten", [False, True])
def test_free_slots_are_shown_while_the_limit_is_known(
    client_of: ClientOf, alice: User, team: Team, main: ProviderAccount, forgotten: bool
) -> None:
    learned = timezone.now() - (LESSON_GOOD_FOR if forgotten else timedelta(0))
    ProviderAccount.objects.update(slots=10, slots_at=learned)
    for state in (PurchaseState.BOUGHT, PurchaseState.BOUGHT, PurchaseState.SENDING):
        purchase = make_purchase(team, account=main, state=state)
        if state == PurchaseState.BOUGHT:
            make_activation(team, purchase=purchase)
    queued = make_purchase(team, account=main, reason="queued")

    client = client_of(alice)
    desk = client.get(reverse("rentals:desk", args=[team.slug])).text
    card = client.get(reverse("rentals:card", args=[team.slug, queued.code])).text

    assert ("<dd>7 of 10</dd>" in desk) is not forgotten
    assert ("10 numbers may be open at once." in card) is not forgotten
    assert ("<dd>7 of 10</dd>" in client.get(money(main)).text) is not forgotten
