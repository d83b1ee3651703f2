"""The queue for a free slot and blocked services, as the desk shows them."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ProviderAccount, Team, User
from rentals.models import ServiceBlock
from tests.factories import make_offer, make_purchase

ClientOf = Callable[[User], Client]


def test_each_queued_card_shows_its_place_and_the_desk_stays_cheap(
    client_of: ClientOf,
    alice: User,
    team: Team,
    account: ProviderAccount,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ProviderAccount.objects.update(slots=2, slots_at=timezone.now())
    queued = [make_purchase(team, account=account, reason="queued") for _ in range(20)]
    browser = client_of(alice)
    browser.get(reverse("rentals:desk", args=[team.slug]))  # what is written once into the session
    with django_assert_max_num_queries(12):
        html = browser.get(reverse("rentals:desk", args=[team.slug])).text
    assert "Place 1 in the queue." in html
    assert "Place 20 in the queue." in html
    assert "2 numbers may be open at once." in html
    card = browser.get(reverse("rentals:card", args=[team.slug, queued[-1].code])).text
    assert "Place 20 in the queue." in card


def test_a_blocked_service_shows_until_when_in_place_of_buttons(
    client_of: ClientOf, alice: User, team: Team, account: ProviderAccount
) -> None:
    offer = make_offer()
    address = reverse("rentals:desk", args=[team.slug]) + f"?service={offer.service_id}"
    assert "Buy for" in client_of(alice).get(address).text
    ServiceBlock.objects.create(
        account=account, service=offer.service, until=timezone.now() + timedelta(hours=23)
    )
    html = client_of(alice).get(address).text
    assert "The provider has blocked" in html
    assert "Buy for" not in html
