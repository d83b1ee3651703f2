"""The price pages and the button that reads them again, for each of the cast."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from catalog.models import Feed, Offer, PricePoint, Service
from tests.factories import make_country, make_offer, make_service

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer() -> Offer:
    offer = make_offer(make_service("Telegram", "tg"), make_country("Germany", "DE"))
    now = timezone.now()
    Feed.objects.create(key="countries", fetched_at=now)
    Feed.objects.create(key=Feed.prices_key(offer.country), fetched_at=now - timedelta(minutes=12))
    for days, cost, stock in ((3, "0.10", 5), (2, "0.10", 0), (1, "0.14", 7)):
        at = now - timedelta(days=days)
        PricePoint.objects.create(offer=offer, cost=Decimal(cost), stock=stock, at=at)
    return offer


def pages(team, offer: Offer) -> list[str]:
    prices = f"/t/{team.slug}/prices/"
    return [
        prices,
        f"{prices}?service={offer.service_id}",
        f"{prices}?country={offer.country_id}",
        f"{prices}{offer.pk}/",
    ]


# The pages


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_members_see_every_page(request, client_of, team, offer, who):
    browser = client_of(request.getfixturevalue(who))
    for page in pages(team, offer):
        answer = browser.get(page)
        assert answer.status_code == 200, page
        assert "Telegram" in answer.text or "Germany" in answer.text


def test_outsiders_find_nothing(client_of, charlie, team, offer):
    for page in pages(team, offer):
        assert client_of(charlie).get(page).status_code == 404


def test_strangers_are_asked_to_sign_in(client, team, offer):
    for page in pages(team, offer):
        answer = client.get(page)
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/")


def test_a_page_is_only_read(client_of, alice, team, offer):
    for page in pages(team, offer):
        assert client_of(alice).post(page).status_code == 405


def test_the_search_finds_by_name_and_code(client_of, alice, team, offer):
    make_offer(make_service("WhatsApp", "wa"))
    browser = client_of(alice)
    for text in ("tg", "teleg"):
        page = browser.get(f"/t/{team.slug}/prices/", {"q": text}).text
        assert "Telegram" in page
        assert "WhatsApp" not in page
    assert "No service matches" in browser.get(f"/t/{team.slug}/prices/", {"q": "zzz"}).text


def test_a_service_shows_price_stock_and_age(client_of, alice, team, offer):
    make_offer(offer.service, make_country("France", "FR"), cost="0.09", stock=0)
    address = f"/t/{team.slug}/prices/?service={offer.service_id}&stock=all"
    page = client_of(alice).get(address).text
    assert page.index("Germany") < page.index("France")
    assert "$0.14" in page
    assert "sold out" in page
    assert "12 minutes ago" in page.replace("\xa0", " ")
    assert f"/t/{team.slug}/?service={offer.service_id}" in page


def test_what_is_sold_out_is_shown_to_who_asks(client_of, alice, team, offer):
    make_offer(offer.service, make_country("France", "FR"), stock=0)
    address = f"/t/{team.slug}/prices/?service={offer.service_id}"
    usual, all_of_it = (client_of(alice).get(address + more).text for more in ("", "&stock=all"))
    assert "Germany" in usual
    assert "France" not in usual
    assert "France" in all_of_it


def test_the_search_finds_countries_by_name_and_code(client_of, alice, team, offer):
    make_offer(country=make_country("France", "FR"))
    browser = client_of(alice)
    for text in ("germ", "de"):
        page = browser.get(f"/t/{team.slug}/prices/", {"q": text}).text
        assert "Germany" in page
        assert "France" not in page
    assert "No country matches" in browser.get(f"/t/{team.slug}/prices/", {"q": "zzz"}).text


def test_a_denied_service_is_in_no_country(client_of, alice, team, offer):
    Service.objects.filter(pk=offer.service_id).update(denied="Not here.")
    page = client_of(alice).get(f"/t/{team.slug}/prices/?country={offer.country_id}").text
    assert "Telegram" not in page


def test_a_long_list_goes_on_where_it_ended(client_of, alice, team, offer, monkeypatch):
    monkeypatch.setattr("catalog.browsing.PAGE", 3)
    for number in range(7):
        make_offer(offer.service, make_country(f"Land {number}"), cost="0.20")
    browser, address = client_of(alice), f"/t/{team.slug}/prices/?service={offer.service_id}"
    shown: list[str] = []
    while address:
        page = browser.get(address).text
        shown += re.findall(r"Germany|Land \d", page.partition("<tbody>")[2])[::2]
        more = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
        address = f"/t/{team.slug}/prices/{unescape(more[1])}" if more else ""
    assert shown == ["Germany", *(f"Land {number}" for number in range(7))]


def test_a_country_that_cannot_be_read_says_so(client_of, alice, team, offer):
    Feed.objects.filter(key=Feed.prices_key(offer.country)).update(
        failed_at=timezone.now(), error="The provider could not be reached."
    )
    page = client_of(alice).get(f"/t/{team.slug}/prices/?country={offer.country_id}").text
    assert "The provider could not be reached." in page
    assert "Telegram" in page


def test_an_offer_shows_its_history_as_picture_words_and_table(client_of, alice, team, offer):
    page = client_of(alice).get(f"/t/{team.slug}/prices/{offer.pk}/").text
    assert 'class="chart-line"' in page
    assert 'role="img" aria-labelledby="chart-title chart-words"' in page
    assert "Lowest $0.10" in page
    assert "in stock 67 % of the time" in page
    assert page.partition("<tbody>")[2].count("$0.10") == 2


def test_shading_is_spoken_of_where_something_was_sold_out(client_of, alice, team, offer):
    browser, page = client_of(alice), f"/t/{team.slug}/prices/{offer.pk}/"
    assert "the shaded times are those when it was sold out" in browser.get(page).text
    PricePoint.objects.filter(stock=0).delete()
    always = browser.get(page).text
    assert "It was in stock all the time." in always
    assert "shaded" not in always
    assert "chart-gone" not in always


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_prices_lead_to_the_row_on_the_desk_that_buys(request, client_of, team, offer, who):
    browser = client_of(request.getfixturevalue(who))
    desk = f'href="/t/{team.slug}/?service={offer.service_id}#offer-{offer.pk}"'
    for page in pages(team, offer)[1:]:
        assert (desk in browser.get(page).text) == (who != "vera"), page
    offers_page = browser.get(pages(team, offer)[-1]).text
    assert ("Buy for $0.14 on the desk" in offers_page) == (who != "vera")
    assert (
        f'id="offer-{offer.pk}"' in browser.get(f"/t/{team.slug}/?service={offer.service_id}").text
    )


@pytest.mark.parametrize("gone", [{"stock": 0}, {"listed": False}])
def test_what_cannot_be_had_is_not_offered_to_buy(client_of, alice, team, offer, gone):
    Offer.objects.filter(pk=offer.pk).update(**gone)
    for page in pages(team, offer)[1:]:
        assert f"#offer-{offer.pk}" not in client_of(alice).get(f"{page}?stock=all").text


def test_what_the_site_does_not_sell_is_not_offered_to_buy(client_of, alice, team, offer):
    Service.objects.filter(pk=offer.service_id).update(denied="Not here.")
    for page in pages(team, offer)[1:]:
        assert f"#offer-{offer.pk}" not in client_of(alice).get(page).text


def test_rows_lead_to_their_offer(client_of, alice, team, offer):
    for page in pages(team, offer)[1:3]:
        rows = client_of(alice).get(page).text.partition("<tbody>")[2]
        link = f'<a class="stretched-link" href="/t/{team.slug}/prices/{offer.pk}/">'
        assert rows.count("stretched-link") == rows.count(link) == 1


def test_stock_is_waited_for_only_where_there_is_none(client_of, alice, team, offer):
    browser = client_of(alice)
    addresses = [pages(team, offer)[1], pages(team, offer)[3]]
    for address in addresses:
        assert "back in stock" not in browser.get(address).text
    Offer.objects.filter(pk=offer.pk).update(stock=0)
    for address in addresses:
        assert "Tell me when it is back in stock" in browser.get(address).text


def test_a_day_begins_with_what_held_before(client_of, alice, team, offer):
    page = client_of(alice).get(f"/t/{team.slug}/prices/{offer.pk}/?span=week").text
    assert page.partition("<tbody>")[2].count("<tr>") == 4  # and the stock as it is now
    PricePoint.objects.filter(offer=offer, cost=Decimal("0.14")).delete()
    page = client_of(alice).get(f"/t/{team.slug}/prices/{offer.pk}/?span=day").text
    rows = page.partition("<tbody>")[2]
    assert "sold out" in rows
    assert rows.count("$0.10") == 1


def test_an_offer_without_history_is_a_page_too(client_of, alice, team):
    offer = make_offer()
    page = client_of(alice).get(f"/t/{team.slug}/prices/{offer.pk}/")
    assert page.status_code == 200
    assert "chart-line" not in page.text


def test_an_offer_no_longer_listed_says_so(client_of, alice, team, offer):
    Offer.objects.filter(pk=offer.pk).update(listed=False, stock=0)
    page = client_of(alice).get(f"/t/{team.slug}/prices/{offer.pk}/").text
    assert "no longer offered" in page


@pytest.mark.parametrize("query", ["service=999999", "country=999999"])
def test_what_does_not_exist_is_not_found(client_of, alice, team, query):
    assert client_of(alice).get(f"/t/{team.slug}/prices/?{query}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        *("service=x", f"country={10**30}", "service=-1", "q=%00", "q=" + "a" * 500),
        *("sort=x", "stock=x", "after=x"),
    ],
)
def test_nonsense_in_the_address_counts_as_nothing(client_of, alice, team, query):
    assert client_of(alice).get(f"/t/{team.slug}/prices/?{query}").status_code == 200


def test_names_from_the_provider_are_inert(client_of, alice, team):
    offer = make_offer(make_service("<script>alert(1)</script>"), make_country("<b>Land</b>", "<i"))
    for page in pages(team, offer):
        text = client_of(alice).get(page).text
        assert "<script>alert" not in text
        assert "<b>Land" not in text


def test_an_empty_catalogue_says_what_to_do(client_of, alice, team):
    page = client_of(alice).get(f"/t/{team.slug}/prices/").text
    assert "that needs a provider account" in page


def test_the_number_of_queries_is_the_same_for_any_number_of_rows(
    client_of, alice, team, offer, django_assert_max_num_queries
):
    browser = client_of(alice)
    for _ in range(30):
        make_offer(offer.service)
        make_offer(country=offer.country)
    for page in pages(team, offer):
        browser.get(page)
        with django_assert_max_num_queries(9):
            assert browser.get(page).status_code == 200


# Reading again


def refresh(browser, team, **data: str):
    return browser.post(f"/t/{team.slug}/catalogue/refresh/", data)


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_a_member_has_the_prices_read_again(
    client_of, bob, team, account, queued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = refresh(client_of(bob), team)
    assert answer.status_code == 302
    assert answer.url == f"/t/{team.slug}/prices/"
    assert "are being read again" in said(answer)
    assert queued() == [("catalog.tasks.refresh_catalogue", [team.pk, 60.0])]


def test_asking_twice_reads_once(client_of, bob, team, account):
    refresh(client_of(bob), team)
    assert "being read already" in said(refresh(client_of(bob), team))


def test_what_was_just_read_is_not_read_again(client_of, bob, team, account):
    Feed.objects.create(key="countries", fetched_at=timezone.now())
    assert "less than a minute ago" in said(refresh(client_of(bob), team))


def test_without_an_account_it_says_what_is_missing(client_of, bob, team):
    assert "add a provider account" in said(refresh(client_of(bob), team))


def test_viewers_may_not_ask(client_of, vera, team, account):
    assert refresh(client_of(vera), team).status_code == 403


def test_outsiders_may_not_ask(client_of, charlie, team, account):
    assert refresh(client_of(charlie), team).status_code == 404


def test_strangers_may_not_ask(client, team):
    assert refresh(client, team).url.startswith("/accounts/login/")


def test_a_link_asks_for_nothing(client_of, bob, team):
    assert client_of(bob).get(f"/t/{team.slug}/catalogue/refresh/").status_code == 405


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/", "//elsewhere.example", "javascript:x"]
)
def test_it_never_leads_to_another_site(client_of, bob, team, account, page):
    assert refresh(client_of(bob), team, next=page).url == f"/t/{team.slug}/prices/"


def test_it_leads_back_to_where_the_button_was(client_of, bob, team, account):
    assert refresh(client_of(bob), team, next=f"/t/{team.slug}/?service=3").url.endswith(
        "?service=3"
    )
