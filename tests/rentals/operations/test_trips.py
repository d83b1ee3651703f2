"""Favourites and the last combinations of a member: written once, per team."""

import pytest

from accounts.models import Membership, Team, User
from catalog.models import Offer
from rentals.models import Trip
from rentals.operations.errors import Refusal
from rentals.operations.trips import MOST_FAVOURITES, star_trip
from tests.factories import make_offer, make_team, make_trip
from tests.rentals.operations.conftest import Shop


@pytest.fixture
def alice_in_team(team: Team, alice: User) -> Membership:
    return team.memberships.select_related("user", "team").get(user=alice)


def test_buying_is_remembered_once_for_each_combination(shop: Shop) -> None:
    shop.ask()
    first = Trip.objects.get()
    shop.ask()

    trip = Trip.objects.get()
    assert (trip.team, trip.member) == (shop.team, shop.alice)
    assert (trip.service, trip.country) == (shop.offer.service, shop.offer.country)
    assert first.bought_at is not None
    assert trip.bought_at is not None
    assert trip.bought_at > first.bought_at
    assert trip.starred_at is None


def test_buying_leaves_a_favourite_a_favourite(shop: Shop) -> None:
    alice = shop.team.memberships.get(user=shop.alice)
    star_trip(member=alice, offer=shop.offer, starred=True)

    shop.ask()

    assert Trip.objects.get().starred_at is not None


def test_a_star_twice_is_as_once_and_can_be_taken_away(alice_in_team: Membership) -> None:
    offer = make_offer()
    for _again in range(2):
        star_trip(member=alice_in_team, offer=offer, starred=True)
    assert Trip.objects.get().starred_at is not None

    for _again in range(2):
        star_trip(member=alice_in_team, offer=offer, starred=False)
    assert list(Trip.objects.at_hand()) == []


def test_favourites_are_the_members_own_and_the_teams(alice_in_team: Membership, bob: User) -> None:
    offer = make_offer()
    other_team = make_team(alice_in_team.user).memberships.get()

    star_trip(member=alice_in_team, offer=offer, starred=True)
    star_trip(member=alice_in_team.team.memberships.get(user=bob), offer=offer, starred=True)
    star_trip(member=other_team, offer=offer, starred=True)
    star_trip(member=other_team, offer=offer, starred=False)

    starred = Trip.objects.filter(starred_at__isnull=False)
    assert starred.count() == 2
    assert set(starred.values_list("member", flat=True)) == {alice_in_team.user_id, bob.pk}


def test_no_more_favourites_than_the_desk_shows(alice_in_team: Membership) -> None:
    for _each in range(MOST_FAVOURITES):
        star_trip(member=alice_in_team, offer=make_offer(), starred=True)

    with pytest.raises(Refusal, match="At most 20 favourites"):
        star_trip(member=alice_in_team, offer=make_offer(), starred=True)


def test_favourites_come_first_and_each_with_its_price_now(alice_in_team: Membership) -> None:
    bought, gone = make_offer(cost="0.20"), make_offer(listed=False)
    make_trip(alice_in_team, gone)
    make_trip(alice_in_team, bought)
    starred: Offer = make_offer(cost="0.30", stock=0)
    star_trip(member=alice_in_team, offer=starred, starred=True)

    found = [(trip.offer_id, trip.cost, trip.stock) for trip in Trip.objects.at_hand()]

    assert found == [
        (starred.pk, starred.cost, 0),
        (bought.pk, bought.cost, 100),
        (None, None, None),
    ]
