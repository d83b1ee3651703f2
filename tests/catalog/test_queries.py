"""What the pages ask the catalogue."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Country, Feed, Offer, Service
from tests.factories import make_country, make_offer, make_service

pytestmark = pytest.mark.django_db


def titles(text: str) -> list[str]:
    return [service.title for service in Service.objects.search(text)]


@pytest.fixture
def services() -> None:
    for title, code in (
        ("Telegram", "tg"),
        ("Tango", "ta"),
        ("Grab", "jg"),
        ("TG Bank", "bk"),
        ("Steam Telecom", "st"),
        ("WhatsApp", "wa"),
        ("100% Casino_", "cs"),
    ):
        make_service(title, code)


def test_a_code_comes_first_then_what_begins_with_it(services):
    assert titles("tg") == ["Telegram", "TG Bank"]


def test_a_name_that_begins_comes_before_a_word_inside(services):
    assert titles("te") == ["Telegram", "Steam Telecom"]


def test_case_and_blanks_do_not_matter(services):
    assert titles("  WHATSapp ") == ["WhatsApp"]


def test_nothing_typed_gives_all_by_name_in_any_case(services):
    make_service("eBay", "eb")
    assert titles("")[:3] == ["100% Casino_", "eBay", "Grab"]
    assert len(titles(" ")) == 8


@pytest.mark.parametrize("text", ["%", "_"])
def test_wildcards_are_letters_like_others(services, text):
    assert titles(text) == ["100% Casino_"]


def test_nothing_matches(services):
    assert titles("no such thing") == []


def test_the_best_price_is_the_cheapest_that_can_be_bought():
    service = make_service()
    make_offer(service, cost="0.05", stock=0)
    make_offer(service, cost="0.06", listed=False)
    make_offer(service, cost="0.30")
    make_offer(service, cost="0.10")
    best = Service.objects.with_best_price().get()
    assert (best.cheapest, best.countries) == (Decimal("0.10"), 2)


def test_sold_out_has_no_best_price():
    make_offer(stock=0)
    best = Service.objects.with_best_price().get()
    assert (best.cheapest, best.countries) == (None, 0)


def test_only_services_with_a_country_are_offered():
    make_service("Nowhere")
    make_offer(make_service("Gone"), listed=False)
    make_offer(make_service("Sold out"), stock=0)
    unlisted = make_service("Unlisted")
    make_offer(unlisted)
    Service.objects.filter(pk=unlisted.pk).update(listed=False)
    assert [service.title for service in Service.objects.offered()] == ["Sold out"]


def test_only_countries_with_a_service_are_offered():
    make_country("Nothing")
    make_offer(country=make_country("Something"), stock=0)
    assert [country.title for country in Country.objects.offered()] == ["Something"]


def test_a_services_countries_in_stock_first_then_the_cheapest():
    service = make_service()
    for title, cost, stock in (("A", "0.20", 1), ("B", "0.10", 0), ("C", "0.15", 9)):
        make_offer(service, make_country(title), cost=cost, stock=stock)
    make_offer(service, make_country("D"), cost="0.01", listed=False)
    assert [offer.country.title for offer in Offer.objects.of_service(service)] == ["C", "A", "B"]


def test_an_offer_knows_when_its_list_was_read():
    offer = make_offer()
    noon = datetime(2026, 2, 6, 12, tzinfo=UTC)
    Feed.objects.create(key=Feed.prices_key(offer.country), fetched_at=noon)
    assert Offer.objects.with_age().get().read_at == noon


def test_the_choice_of_a_service_is_one_query_by_index(django_assert_num_queries):
    country = [make_country() for _ in range(3)]
    for _ in range(30):
        service = make_service()
        for place in country:
            make_offer(service, place)
    with django_assert_num_queries(1), CaptureQueriesContext(connection) as asked:
        shown = list(Service.objects.offered().search("")[:20].with_best_price())
    assert [service.countries for service in shown] == [3] * 20
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + asked.captured_queries[0]["sql"])
            plan = " ".join(step[3] for step in cursor.fetchall())
        assert "SCAN catalog_offer" not in plan
        assert "SCAN U0" not in plan
