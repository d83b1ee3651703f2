"""Pages of offers: sorted, filtered, and found again by place."""

from decimal import Decimal

import pytest

from catalog.browsing import Sort, Wish, read_page
from catalog.models import Offer, Service
from tests.factories import make_country, make_offer, make_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def service() -> Service:
    service = make_service()
    for title, cost, stock in (
        ("Chile", "0.20", 3),
        ("austria", "0.10", 9),
        ("Benin", "0.10", 9),
        ("Da~nia", "0.05", 0),
        ("Egypt", "1.00", 500),
    ):
        make_offer(service, make_country(title), cost=cost, stock=stock)
    return service


def walk(service: Service, **wish: object) -> list[str]:
    """The names on all pages, one after the other."""
    names, place = [], ""
    for _page in range(10):
        page = read_page(
            Offer.objects.filter(service=service).select_related("country"),
            Wish(**wish, after=place),
            name="country__title",
        )
        names += [offer.country.title for offer in page.offers]
        place = page.next_place
        if not place:
            return names
    raise AssertionError("it never ends")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ({}, "austria Benin Chile Egypt"),
        ({"sold_out_too": True}, "austria Benin Chile Egypt Da~nia"),
        ({"sort": Sort.STOCK}, "Egypt austria Benin Chile"),
        ({"sort": Sort.NAME, "sold_out_too": True}, "austria Benin Chile Da~nia Egypt"),
        ({"text": "i", "sold_out_too": True}, "austria Benin Chile Da~nia"),
    ],
)
def test_all_pages_together_are_the_list(service, monkeypatch, size, wish, names):
    monkeypatch.setattr("catalog.browsing.PAGE", size)
    assert walk(service, **wish) == names.split()


def test_a_page_is_one_bounded_query(service, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("catalog.browsing.PAGE", 2)
    with django_assert_num_queries(1):
        page = read_page(Offer.objects.filter(service=service), Wish(), name="country__title")
    assert len(page.offers) == 2


def test_a_price_that_changes_meanwhile_shifts_nothing(service, monkeypatch):
    monkeypatch.setattr("catalog.browsing.PAGE", 2)
    offers = Offer.objects.filter(service=service).select_related("country")
    first = read_page(offers, Wish(), name="country__title")
    Offer.objects.filter(pk=first.offers[-1].pk).update(cost=Decimal("0.90"))
    second = read_page(offers, Wish(after=first.next_place), name="country__title")
    assert [offer.country.title for offer in second.offers] == ["Chile", "Benin"]


@pytest.mark.parametrize(
    "place", ["x", "1~2", "0~NaN~1", "0~1~-1", f"0~1~{10**30}", "0~1e99~1", "~~", "0~1~1~1"]
)
def test_a_place_that_is_none_is_ignored(service, place):
    page = read_page(
        Offer.objects.filter(service=service), Wish(after=place), name="country__title"
    )
    assert len(page.offers) == 4
