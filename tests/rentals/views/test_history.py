"""History: everything a team ever bought, newest first."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from catalog.models import Offer
from rentals import ledger
from rentals.models import Purchase
from rentals.states import ActivationState, PurchaseState
from rentals.views.history import PAGE
from tests.factories import (
    make_activation,
    make_offer,
    make_provider_account,
    make_purchase,
    make_service,
    make_team,
)

ClientOf = Callable[[User], Client]


def history(team: Team) -> str:
    return reverse("rentals:history", args=[team.slug])


def codes(html: str) -> list[str]:
    return re.findall(r"/purchases/([0-9a-f-]{36})/", html)


def many(team: Team, buyer: User, offer: Offer, count: int) -> list[str]:
    """Purchases, three to a moment, so that time alone does not order them; newest first."""
    account = make_provider_account(team)
    start = timezone.now() - timedelta(days=1)
    made = [make_purchase(team, buyer, offer=offer, account=account) for _ in range(count)]
    for index, purchase in enumerate(made):
        moment = start + timedelta(seconds=index // 3)
        Purchase.objects.filter(pk=purchase.pk).update(created=moment)
    return [str(purchase.code) for purchase in reversed(made)]


def test_rows_lead_to_their_purchase_and_say_what_each_cost(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    spent = make_activation(
        team,
        purchase=make_purchase(team, offer=offer, state=PurchaseState.BOUGHT),
        state=ActivationState.RECEIVED,
        number="447700900123",
    ).purchase
    released = make_purchase(team, offer=offer, state=PurchaseState.REFUSED)
    held = make_purchase(team, offer=make_offer(cost="0.77"))
    with transaction.atomic():
        ledger.charge(spent)
        ledger.release(released)

    html = client_of(alice).get(history(team)).text

    assert codes(html) == [str(p.code) for p in (held, released, spent)]
    amounts = re.findall(r'<td class="amount">(.*?)</td>', html)
    assert [re.sub(r"<[^>]+>", "", amount) for amount in amounts] == [
        "$0.77 reserved",
        "nothing",
        "$0.14",
    ]
    assert "+44 7700 900123" in html


def test_every_row_is_reached_once_page_by_page(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    expected = many(team, alice, offer, PAGE + 7)
    client = client_of(alice)

    first = client.get(history(team)).text
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', first)
    assert older
    address = history(team) + older[1].replace("&amp;", "&")
    second = client.get(address).text
    fragment = client.get(address, headers={"HX-Request": "true"}).text

    assert codes(first) + codes(second) == expected
    assert codes(fragment) == codes(second)
    assert "<html" not in fragment
    assert "Show older ones" not in second


@pytest.mark.parametrize("rows", [5, 50])
def test_the_number_of_queries_does_not_grow(
    client_of: ClientOf,
    alice: User,
    team: Team,
    offer: Offer,
    rows: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    many(team, alice, offer, rows)
    client = client_of(alice)
    client.get(history(team))

    with django_assert_max_num_queries(12):
        assert len(codes(client.get(history(team)).text)) == rows


def test_search_by_number_or_service(client_of: ClientOf, alice: User, team: Team) -> None:
    discord = make_purchase(
        team, offer=make_offer(make_service("Discord")), state=PurchaseState.BOUGHT
    )
    make_activation(team, purchase=discord, number="447700900123")
    other = make_activation(team, number="16135550143").purchase
    client = client_of(alice)

    def found(text: str) -> list[str]:
        return codes(client.get(history(team), {"q": text}).text)

    assert found("+44 7700 900") == [str(discord.code)]
    assert found("disc") == [str(discord.code)]
    assert found("5550143") == [str(other.code)]
    assert found("nothing like it") == []
    assert "Nothing matches." in client.get(history(team), {"q": "nothing like it"}).text


def test_filter_by_the_state_of_the_purchase_or_of_its_number(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    waiting = make_activation(team).purchase
    refused = make_purchase(team, state=PurchaseState.REFUSED)
    client = client_of(alice)

    def found(state: str) -> list[str]:
        return codes(client.get(history(team), {"state": state}).text)

    assert found("waiting") == [str(waiting.code)]
    assert found("refused") == [str(refused.code)]
    assert found("expired") == []
    assert len(found("no such state")) == 2


@pytest.mark.parametrize("before", ["x", "2026-01-01,1", "2026-01-01T00:00:00Z,x", ",", "0,0"])
def test_a_place_that_is_none_is_ignored(
    client_of: ClientOf, alice: User, team: Team, before: str
) -> None:
    purchase = make_purchase(team)

    response = client_of(alice).get(history(team), {"before": before})

    assert codes(response.text) == [str(purchase.code)]


def test_an_empty_history_says_what_to_do_next(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    html = client_of(alice).get(history(team)).text

    assert "Nothing was bought yet." in html
    assert reverse("rentals:desk", args=[team.slug]) in html


def test_the_team_sees_its_own_and_nobody_else_does(
    client: Client, client_of: ClientOf, bob: User, vera: User, charlie: User, team: Team
) -> None:
    mine = make_purchase(team)
    make_purchase(make_team())

    for member in (bob, vera):
        assert codes(client_of(member).get(history(team)).text) == [str(mine.code)]
    assert client_of(charlie).get(history(team)).status_code == 404
    assert client.get(history(team)).headers["Location"].startswith("/accounts/login/")
    assert client_of(bob).post(history(team)).status_code == 405
