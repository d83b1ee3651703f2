"""Ranking by the team's own figures, favourites, and what was bought last with its price now."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ProviderAccount, Team, User
from catalog.models import Feed, Offer
from rentals.models import Purchase, Trip
from tests.factories import (
    make_country,
    make_offer,
    make_provider_account,
    make_record,
    make_service,
    make_team,
    make_trip,
)

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def account(team: Team) -> ProviderAccount:
    return make_provider_account(team, name="Main")


def desk(team: Team, query: str = "") -> str:
    return reverse("rentals:desk", args=[team.slug]) + query


def star(team: Team) -> str:
    return reverse("rentals:star", args=[team.slug])


def trip_of(team: Team, user: User, offer: Offer, **fields: object) -> Trip:
    return make_trip(
        team.memberships.select_related("team", "user").get(user=user), offer, **fields
    )


# Ranked


def test_the_teams_own_figures_stand_beside_the_price(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    make_record(team, offer, 14, 14, 14, None, 75)
    Feed.objects.create(
        key=Feed.prices_key(offer.country), fetched_at=timezone.now() - timedelta(minutes=12)
    )

    html = client_of(alice).get(desk(team, f"?service={offer.service_id}")).text

    assert "80 % of our 5 delivered" in html
    assert "half within 14 s" in html
    assert "680 numbers, 12\xa0minutes ago" in html


def test_sorted_by_delivery_the_surest_comes_first_and_sold_out_last(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    for title, waits, cost, stock in (
        ("Slow", [60] * 5, "0.40", 9),
        ("Quick", [6] * 5, "0.50", 9),
        ("Poor", [6, None, None, None, None], "0.01", 9),
        ("Gone", [1] * 5, "0.02", 0),
    ):
        country = make_country(title)
        make_record(team, make_offer(offer.service, country, cost=cost, stock=stock), *waits)
    client = client_of(alice)

    html = client.get(desk(team, f"?service={offer.service_id}&sort=delivery")).text
    places = [
        html.index(f">{name}<") for name in ("Quick", "Slow", "Poor", "United Kingdom", "Gone")
    ]
    assert places == sorted(places)
    assert '<option value="delivery" selected>' in html

    html = client.get(desk(team, f"?service={offer.service_id}")).text
    places = [
        html.index(f">{name}<") for name in ("Poor", "United Kingdom", "Slow", "Quick", "Gone")
    ]
    assert places == sorted(places)


def test_without_figures_the_page_says_when_there_will_be_some(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    html = client_of(alice).get(desk(team, f"?service={offer.service_id}&sort=delivery")).text

    assert "The team has no figures of its own here yet" in html


def test_the_address_bar_follows_what_is_chosen(
    client_of: ClientOf, alice: User, team: Team, offer: Offer
) -> None:
    address = reverse("rentals:offers", args=[team.slug])
    query = f"?service={offer.service_id}&sort=delivery&reusable_only=on"

    response = client_of(alice).get(address + query, headers=HTMX)

    chosen = f"?service={offer.service_id}&reusable_only=on&sort=delivery"
    assert response.headers["HX-Push-Url"] == desk(team, chosen)


# Stars


def test_bob_stars_an_offer_and_takes_the_star_away(
    client_of: ClientOf, bob: User, team: Team, offer: Offer
) -> None:
    client = client_of(bob)

    starred = client.post(star(team), {"offer": offer.pk, "starred": "on"}, headers=HTMX).text
    assert 'aria-pressed="true"' in starred
    assert "<html" not in starred
    assert 'id="at-hand"' in client.get(desk(team)).text
    assert 'aria-pressed="true"' in client.get(desk(team, f"?service={offer.service_id}")).text

    gone = client.post(star(team), {"offer": offer.pk}, headers=HTMX).text
    assert 'aria-pressed="false"' in gone
    assert 'id="at-hand"' not in client.get(desk(team)).text


def test_without_javascript_the_star_leads_back(
    client_of: ClientOf, bob: User, team: Team, offer: Offer
) -> None:
    response = client_of(bob).post(star(team), {"offer": offer.pk, "starred": "on"})

    assert response.headers["Location"] == desk(team, f"?service={offer.service_id}")
    assert client_of(bob).post(star(team), {"offer": "x"}).headers["Location"] == desk(team)


def test_who_may_star(
    client: Client, client_of: ClientOf, vera: User, charlie: User, team: Team, offer: Offer
) -> None:
    form = {"offer": offer.pk, "starred": "on"}

    assert client_of(vera).post(star(team), form).status_code == 403
    assert client_of(charlie).post(star(team), form).status_code == 404
    assert client.post(star(team), form).headers["Location"].startswith("/accounts/login/")
    assert client_of(vera).get(star(team)).status_code == 405
    assert (
        "aria-pressed" not in client_of(vera).get(desk(team, f"?service={offer.service_id}")).text
    )
    assert not Trip.objects.exists()


# At hand


def test_a_favourite_is_bought_with_one_click_at_the_price_now(
    client_of: ClientOf, bob: User, team: Team, offer: Offer, account: ProviderAccount
) -> None:
    trip = trip_of(team, bob, offer, starred_at=timezone.now())
    client = client_of(bob)
    html = client.get(desk(team)).text
    assert html.index("Favourites") < html.index("Buy for $0.14")
    assert 'name="quoted" value="0.1400"' in html
    form = {
        "offer": offer.pk,
        "account": str(account.pk),
        "quoted": "0.1400",
        "client_key": str(uuid.uuid4()),
        "at_hand": "on",
    }

    row = client.post(reverse("rentals:buy", args=[team.slug]), form, headers=HTMX).text

    assert Purchase.objects.get().buyer == bob
    assert f'id="trip-{trip.pk}"' in row
    assert form["client_key"] not in row
    assert 'id="board"' in row


def test_the_last_five_combinations_the_newest_first(
    client_of: ClientOf, bob: User, team: Team, account: ProviderAccount
) -> None:
    now = timezone.now()
    for number in range(7):
        offer = make_offer(make_service(f"Shop {number}"))
        trip_of(team, bob, offer, bought_at=now - timedelta(hours=number))

    html = client_of(bob).get(desk(team)).text
    at_hand = html.split('id="at-hand"')[1].split("</section>")[0]

    assert [name for name in range(7) if f"Shop {name} " in at_hand] == [0, 1, 2, 3, 4]
    assert at_hand.index("Shop 0 ") < at_hand.index("Shop 4 ")


def test_what_cannot_be_bought_says_so(
    client_of: ClientOf, bob: User, team: Team, account: ProviderAccount
) -> None:
    denied = make_service("Casino")
    denied.denied = "not here"
    denied.save()
    trip_of(team, bob, make_offer(stock=0))
    trip_of(team, bob, make_offer(listed=False))
    trip_of(team, bob, make_offer(denied))

    html = client_of(bob).get(desk(team)).text
    at_hand = html.split('id="at-hand"')[1].split("</section>")[0]

    for words in ("sold out", "no longer offered", "not allowed here"):
        assert words in at_hand
    assert "Buy for" not in at_hand


def test_what_others_bought_is_not_at_hand(
    client_of: ClientOf, alice: User, bob: User, team: Team, offer: Offer
) -> None:
    trip_of(team, bob, offer)
    trip_of(make_team(alice), alice, offer)

    assert 'id="at-hand"' not in client_of(alice).get(desk(team)).text


def test_used_services_come_first_until_something_is_typed(
    client_of: ClientOf, bob: User, team: Team
) -> None:
    make_offer(make_service("Alpha"))
    zeta = make_offer(make_service("Zeta Alpha"))
    trip_of(team, bob, zeta)
    client, address = client_of(bob), reverse("rentals:services", args=[team.slug])

    def services(query: str) -> str:
        return client.get(address + query, headers=HTMX).text.split('id="services"')[1]

    empty, typed = services(""), services("?q=alpha")
    assert empty.index("Zeta Alpha") < empty.index("<span>Alpha</span>")
    assert typed.index("<span>Alpha</span>") < typed.index("Zeta Alpha")
