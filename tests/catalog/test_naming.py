"""Countries are shown, found and sorted by the names that their reader knows."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts.models import Team, User
from catalog.browsing import COUNTRY, Sort, Wish, read_page
from catalog.models import Country, Feed, Offer
from tests.factories import (
    make_country,
    make_offer,
    make_provider_account,
    make_purchase,
    make_service,
)

ClientOf = Callable[[User], Client]

pytestmark = pytest.mark.django_db
GERMAN = {"accept-language": "de"}


@pytest.fixture
def offers() -> dict[str, Offer]:
    service = make_service("Telegram", "tg")
    places = {
        "Austria": "at",
        "Germany": "de",
        "Spain": "es",
        "Zanzibar (virtual)": "",
        "Peru": "PE",
    }
    return {title: make_offer(service, make_country(title, code)) for title, code in places.items()}


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Deutschland", ["Germany"]),
        ("deutsch", ["Germany"]),
        ("Österreich", ["Austria"]),
        ("osterreich", ["Austria"]),
        ("germ", ["Germany"]),
        ("spanien", ["Spain"]),
        ("es", ["Spain"]),  # its code
        ("zanz", ["Zanzibar (virtual)"]),
        ("an", ["Germany", "Spain", "Zanzibar (virtual)"]),
        ("nirgends", []),
        ("%", []),
    ],
)
def test_a_german_finds_both_names(offers: object, text: str, titles: list[str]) -> None:
    with override("de"):
        assert [country.title for country in Country.objects.search(text)] == titles


def test_in_english_only_the_providers_names_are_found(offers: object) -> None:
    with override("en"):
        assert not Country.objects.search("Deutschland")
        assert Country.objects.search("Germany").get().name == "Germany"


def test_they_are_sorted_by_what_is_shown(offers: object) -> None:
    with override("de"):
        names = [country.name for country in Country.objects.search("")]
    assert names == ["Deutschland", "Österreich", "Peru", "Spanien", "Zanzibar (virtual)"]


def test_pages_by_name_follow_each_other(
    offers: dict[str, Offer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.browsing.PAGE", 2)
    names, after = [], ""
    with override("de"):
        for _page in range(3):
            wish = Wish(sort=Sort.NAME, after=after)
            page = read_page(Offer.objects.select_related("country"), wish, name=COUNTRY)
            names += [offer.country.name for offer in page.offers]
            after = page.next_place
    assert names == ["Deutschland", "Österreich", "Peru", "Spanien", "Zanzibar (virtual)"]
    assert after == ""


@pytest.mark.parametrize("query", ["?q=Deutschland", "?service={service}&q=Deutsch"])
def test_prices_in_german(
    client_of: ClientOf, alice: User, team: Team, offers: dict[str, Offer], query: str
) -> None:
    address = reverse("catalog:prices", args=[team.slug])
    query = query.format(service=offers["Germany"].service_id)
    client = client_of(alice)
    html = client.get(address + query, headers=GERMAN).text
    assert "Deutschland" in html.partition("<h1")[2]
    assert "Österreich" not in html.partition("<h1")[2]


def test_the_desk_in_german_says_where_a_country_is_found(
    client_of: ClientOf, alice: User, team: Team, offers: dict[str, Offer]
) -> None:
    make_provider_account(team)
    Feed.objects.create(key="countries", fetched_at=timezone.now())
    client, desk = client_of(alice), reverse("rentals:desk", args=[team.slug])
    offer = offers["Austria"]
    assert "Österreich" in client.get(f"{desk}?service={offer.service_id}", headers=GERMAN).text
    with CaptureQueriesContext(connection) as queries:
        html = client.get(f"{desk}?q=Österreich", headers=GERMAN).text
    assert f"?country={offer.country_id}" in html
    assert len(queries) <= 12


def test_in_german_it_takes_as_many_queries(
    client_of: ClientOf, alice: User, team: Team, offers: dict[str, Offer]
) -> None:
    client, counts = client_of(alice), []
    address = reverse("catalog:prices", args=[team.slug])
    for language in ("en", "en", "de"):  # the first time fills caches
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{address}?q=an", headers={"accept-language": language})
            client.get(f"{address}?service={offers['Peru'].service_id}")
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_what_is_taken_away_has_the_names_of_the_provider(
    client_of: ClientOf, alice: User, team: Team, offers: dict[str, Offer]
) -> None:
    purchase = make_purchase(team, alice, offer=offers["Austria"])
    client = client_of(alice)
    history = client.get(reverse("rentals:history", args=[team.slug]), headers=GERMAN).text
    assert "Österreich" in history
    export = client.post(reverse("reports:export_csv", args=[team.slug]), headers=GERMAN)
    text = b"".join(export.streaming_content).decode()
    assert "Austria" in text
    with override("de"):
        assert str(purchase) == "Telegram · Austria"
