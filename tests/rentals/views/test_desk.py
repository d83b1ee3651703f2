"""The desk: choose on the left, wait on the right."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ProviderAccount, Team, User
from catalog.models import Feed, Offer
from rentals import ledger
from rentals.models import Message
from rentals.states import ActivationState, PurchaseState
from tests.factories import (
    make_activation,
    make_country,
    make_limit,
    make_offer,
    make_provider_account,
    make_purchase,
    make_record,
    make_service,
    make_tag,
    make_team,
    make_trip,
)

ClientOf = Callable[[User], Client]


def desk(team: Team, query: str = "") -> str:
    return reverse("rentals:desk", args=[team.slug]) + query


def page(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers or None)
    assert response.status_code == 200
    return response.content.decode()


def test_alice_sees_services_with_their_cheapest_price(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_offer(offer.service, make_country("France", "FR"), cost="0.09", stock=3)

    html = page(client_of(alice), desk(team))

    assert "Telegram" in html
    assert "from $0.09" in html
    assert "No numbers yet." in html


def test_a_chosen_service_lists_its_countries_cheapest_first(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_provider_account(team)
    make_offer(offer.service, make_country("France", "FR"), cost="0.09", stock=3)
    make_offer(offer.service, make_country("Italy", "IT"), cost="0.01", stock=0)

    html = page(client_of(alice), desk(team, f"?service={offer.service.pk}"))

    assert html.index("France") < html.index("United Kingdom") < html.index("Italy")
    assert "Buy for $0.14" in html
    assert "680 numbers" in html
    assert "sold out" in html
    assert "Buy for $0.01" not in html


@pytest.mark.parametrize(("language", "shown"), [("en", "9,558 numbers"), ("de", "9.558 Nummern")])
def test_large_stock_is_written_as_the_language_does(
    client_of: ClientOf, alice: User, team: Team, language: str, shown: str
) -> None:
    offer = make_offer(stock=9558)
    browser = client_of(alice)
    html = browser.get(desk(team, f"?service={offer.service_id}"), HTTP_ACCEPT_LANGUAGE=language)
    assert shown in html.text


def test_where_nothing_was_typed_what_is_sold_most_widely_comes_first(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    for title, reach in (("Adidas", 3), ("Zalo", 0), ("Telegram", 48), ("Agoda", 3), ("Yahoo", 1)):
        service = make_offer(make_service(title)).service
        service.reach = reach
        service.save()
        if title == "Yahoo":
            make_trip(team.memberships.get(user=alice), service.offers.get())
    client = client_of(alice)

    def order(query: str) -> list[str]:
        html = page(client, desk(team, query)).partition('id="services"')[2]
        return re.findall(r"<span>(\w+)</span>", html.partition("</ul>")[0])

    assert order("") == ["Yahoo", "Telegram", "Adidas", "Agoda", "Zalo"]
    assert order("?q=a") == ["Adidas", "Agoda", "Telegram", "Yahoo", "Zalo"]


def test_each_form_has_a_key_of_its_own(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_provider_account(team)
    make_offer(offer.service, cost="0.09")
    client, address = client_of(alice), desk(team, f"?service={offer.service.pk}")

    keys = [
        part.split('"')[0]
        for html in (page(client, address), page(client, address))
        for part in html.split('name="client_key" value="')[1:]
    ]

    assert len(keys) == 4
    assert len(set(keys)) == 4


def test_the_search_finds_by_name_and_by_code(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_offer(make_service("Snapchat", code="sc"))
    client = client_of(alice)

    assert "Telegram" in page(client, desk(team, "?q=tg"))
    assert "Snapchat" not in page(client, desk(team, "?q=tele"))
    assert "No service matches “nothing”." in page(client, desk(team, "?q=nothing"))


@pytest.mark.parametrize("name", ["services", "offers", "board", "money"])
def test_htmx_gets_a_fragment(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, name: str
) -> None:
    address = reverse(f"rentals:{name}", args=[team.slug]) + f"?service={offer.service.pk}"

    html = page(client_of(alice), address, HX_Request="true")

    assert "<html" not in html
    assert html.strip()


def test_without_an_account_the_page_says_what_to_do(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    html = page(client_of(alice), desk(team, f"?service={offer.service.pk}"))

    assert reverse("accounts:provider_accounts", args=[team.slug]) in html
    assert "Buying needs a provider account." in html
    assert "Buy for" not in html


def test_the_account_is_chosen_where_there_are_two(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    main = make_provider_account(team, name="Main")
    second = make_provider_account(team, name="Second")
    make_provider_account(team, name="Broken", state=ProviderAccount.State.SUSPENDED)
    client, address = client_of(alice), desk(team, f"?service={offer.service.pk}")

    assert f'name="account" value="{main.pk}"' in page(client, address)
    html = page(client, f"{address}&account={second.pk}")

    assert f'<input type="hidden" name="account" value="{second.pk}">' in html
    assert f'<option value="{second.pk}" selected>Second</option>' in html
    assert "Broken</option>" not in html


def test_a_viewer_sees_everything_but_the_buttons(
    client_of: ClientOf, vera: User, team: Team, offer: Offer
) -> None:
    make_activation(team, number="447700900123")

    html = page(client_of(vera), desk(team, f"?service={offer.service.pk}"))

    assert "+44 7700 900123" in html
    assert "$0.14" in html
    assert "Buy for" not in html
    assert "Cancel" not in html


def test_an_outsider_finds_nothing(client_of: ClientOf, charlie: User, team: Team) -> None:
    for name in ("desk", "services", "offers", "board", "money"):
        assert (
            client_of(charlie).get(reverse(f"rentals:{name}", args=[team.slug])).status_code == 404
        )


def test_nobody_is_asked_to_sign_in(client: Client, team: Team) -> None:
    for name in ("desk", "services", "offers", "board", "money"):
        response = client.get(reverse(f"rentals:{name}", args=[team.slug]))
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", ["desk", "services", "offers", "board", "money"])
def test_only_reading(client_of: ClientOf, alice: User, team: Team, name: str) -> None:
    assert client_of(alice).post(reverse(f"rentals:{name}", args=[team.slug])).status_code == 405


@pytest.mark.parametrize(
    "query", ["?service=x", "?service=0", "?account=1&q=%00", "?q=" + "a" * 200]
)
def test_nonsense_in_the_address_is_as_good_as_nothing(
    client_of: ClientOf, alice: User, team: Team, offer: Offer, query: str
) -> None:
    assert "Where is the SMS from?" in page(client_of(alice), desk(team, query))


def test_the_age_of_the_prices_is_shown(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    Feed.objects.update(fetched_at=timezone.now() - timedelta(minutes=12))

    assert "Prices as of 12\xa0minutes ago" in page(client_of(alice), desk(team))


def test_a_stale_catalogue_is_read_again_behind_the_page(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_provider_account(team)
    Feed.objects.update(fetched_at=timezone.now() - timedelta(hours=2))

    html = page(client_of(alice), desk(team))

    assert "being read again" in html
    assert 'http-equiv="refresh"' in html


def test_a_catalogue_that_was_never_read_says_so(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    Feed.objects.all().delete()

    assert "The catalogue is being read for the first time." in page(client_of(alice), desk(team))


def test_money_of_the_team_and_of_nobody_else(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_provider_account(team, name="Main", balance=Decimal("97.2"))
    spent = make_activation(team, state=ActivationState.RECEIVED).purchase
    from django.db import transaction

    with transaction.atomic():
        ledger.charge(spent)
    make_activation(team)
    make_activation(make_team())

    html = page(client_of(alice), reverse("rentals:money", args=[team.slug]))

    figures = [part.split("</dd>")[0] for part in html.split("<dd>")[1:]]
    assert "$97.20" in figures[0]
    assert figures[1:] == ["$0.14", "$0.14", "1"]


def test_the_page_refreshes_itself_without_javascript_only_while_something_moves(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    client = client_of(alice)
    assert 'http-equiv="refresh"' not in page(client, desk(team))

    make_activation(team)

    # With its address: in a page at …#board the browser would only look for the fragment again.
    refresh = f'<noscript><meta http-equiv="refresh" content="5; url={desk(team)}"></noscript>'
    assert refresh in page(client, desk(team))


@pytest.mark.parametrize("rows", [5, 50])
def test_the_desk_needs_twelve_queries_however_many_numbers(
    client_of: ClientOf,
    alice: User,
    team: Team,
    offer: Offer,
    rows: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_provider_account(team)
    make_limit(team, per_month=Decimal(1))
    for index in range(rows):
        another = make_offer(offer.service, make_country(iso_code="FR"))
        number = make_activation(
            team, purchase=make_purchase(team, offer=another, state=PurchaseState.BOUGHT)
        )
        text = f"Your code is {index + 1000}"
        Message.objects.create(activation=number, team=team, text=text, digest=str(index))
        number.purchase.tags.add(make_tag(team))
        make_trip(team.memberships.get(user=alice), another, starred_at=timezone.now())
        make_record(team, another, 20, 30, None)
    client = client_of(alice)
    page(client, desk(team))  # what is read once and then cached

    with django_assert_max_num_queries(12):
        html = page(client, desk(team, f"?service={offer.service.pk}&sort=delivery"))
    with django_assert_max_num_queries(12):
        at_hand = page(client, desk(team))

    assert html.count('class="departure') == rows
    assert html.count('class="offer') >= rows
    assert at_hand.count('id="trip-') >= min(rows, 5)


def test_the_board_of_the_team_and_of_nobody_else(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    make_activation(team, number="447700900123")
    make_activation(make_team(), number="447700900999")

    for name in ("desk", "board"):
        html = page(client_of(alice), reverse(f"rentals:{name}", args=[team.slug]))
        assert "+44 7700 900123" in html
        assert "900999" not in html


def test_another_teams_account_cannot_be_chosen(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    own, foreign = make_provider_account(team), make_provider_account(make_team())

    for name in ("desk", "offers"):
        address = reverse(f"rentals:{name}", args=[team.slug])
        html = page(client_of(alice), f"{address}?service={offer.service_id}&account={foreign.pk}")
        assert str(own.pk) in html
        assert str(foreign.pk) not in html


def test_time_left_is_a_ring_with_exact_words(client_of: ClientOf, alice: User, team: Team) -> None:
    now = timezone.now()
    make_activation(
        team, created=now - timedelta(minutes=15), expires_at=now + timedelta(minutes=5, seconds=30)
    )

    html = page(client_of(alice), reverse("rentals:board", args=[team.slug]))

    assert 'stroke-dashoffset="73"' in html
    assert "Time left:" in html
    assert ">5 minutes</span>" in html


def test_a_code_says_whose_it_is_and_when_it_came(
    client_of: ClientOf, alice: User, bob: User, team: Team
) -> None:
    number = make_activation(team, alice, state=ActivationState.RECEIVED)
    Message.objects.create(activation=number, team=team, text="12345", code="12345", digest="x")
    card = reverse("rentals:card", args=[team.slug, number.purchase.code])

    assert " data-mine" in page(client_of(alice), card)
    assert " data-mine" not in page(client_of(bob), card)
    number.purchase.holder = bob
    number.purchase.save()
    assert " data-mine" not in page(client_of(alice), card)
    assert 'data-code="12345" data-mine' in page(client_of(bob), card)


def test_shortcuts_are_listed_on_every_page_with_the_bar_of_a_team(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    names = ("rentals:desk", "rentals:history", "catalog:prices", "accounts:team")
    for address in (*(reverse(name, args=[team.slug]) for name in names), reverse("accounts:me")):
        html = page(client_of(alice), address)
        assert html.count('<dialog class="sheet" id="shortcuts"') == 1
        assert "data-shortcuts" in html
    assert 'id="shortcuts"' not in Client().get(reverse("rentals:help")).text
