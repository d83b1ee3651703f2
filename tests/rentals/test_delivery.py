"""The team's own figures: enough of them, its own, and of the last 90 days."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from catalog.models import Offer
from rentals import delivery
from rentals.delivery import Record, read_records
from rentals.states import ActivationState, PurchaseState
from tests.factories import make_activation, make_offer, make_purchase, make_record, make_team


@pytest.fixture
def offer(db: None) -> Offer:
    return make_offer()


def test_rate_and_median_of_what_ended(team: Team, offer: Offer) -> None:
    make_record(team, offer, 10, 40, 20, None, 30)

    assert read_records(team, offer.service_id) == {
        offer.country_id: Record(ended=5, delivered=4, wait=timedelta(seconds=25))
    }
    assert read_records(team, offer.service_id)[offer.country_id].percent == 80


def test_of_fewer_than_five_nothing_is_said(team: Team, offer: Offer) -> None:
    make_record(team, offer, 10, 20, 30, 40)
    waiting = make_purchase(team, offer=offer, state=PurchaseState.BOUGHT)
    make_activation(team, purchase=waiting)

    assert read_records(team, offer.service_id) == {}


def test_what_was_given_back_counts_as_not_delivered(team: Team, offer: Offer) -> None:
    make_record(team, offer, None, None, None, None)
    cancelled = make_purchase(team, offer=offer, state=PurchaseState.BOUGHT)
    make_activation(team, purchase=cancelled, state=ActivationState.CANCELLED, watched=False)

    record = read_records(team, offer.service_id)[offer.country_id]
    assert record == Record(ended=5, delivered=0, wait=None)
    assert record.percent == 0


def test_other_teams_other_services_and_old_times_do_not_count(team: Team, offer: Offer) -> None:
    make_record(make_team(), offer, *[10] * 5)
    make_record(team, make_offer(country=offer.country), *[10] * 5)
    make_record(team, offer, *[10] * 5, days_ago=91)

    assert read_records(team, offer.service_id) == {}


def test_one_query_of_a_bounded_number_of_the_newest(
    team: Team,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(delivery, "MOST", 6)
    make_record(team, offer, *[None] * 3, days_ago=5)
    make_record(team, offer, *[10] * 5, days_ago=2)

    with django_assert_num_queries(1):
        records = read_records(team, offer.service_id)

    assert (records[offer.country_id].ended, records[offer.country_id].delivered) == (6, 5)
