"""The catalogue in the admin: to look at, and to have read again."""

import pytest

from catalog.models import Feed, Offer, PricePoint
from tests.factories import make_country, make_offer, make_user

pytestmark = pytest.mark.django_db
LISTS = ["country", "service", "offer", "pricepoint", "feed"]


@pytest.fixture
def offer() -> Offer:
    offer = make_offer()
    PricePoint.objects.create(offer=offer, cost=offer.cost, stock=offer.stock)
    Feed.objects.create(key="countries")
    return offer


@pytest.mark.parametrize("name", LISTS)
def test_staff_look_at_it_and_change_nothing(client_of, sam, offer, name):
    browser = client_of(sam)
    assert browser.get(f"/admin/catalog/{name}/").status_code == 200
    assert browser.get(f"/admin/catalog/{name}/?q=Country+1").status_code == 200
    assert browser.get(f"/admin/catalog/{name}/add/").status_code == 403
    row = {"country": offer.country, "service": offer.service, "offer": offer}.get(name)
    pk = row.pk if row else (Feed if name == "feed" else PricePoint).objects.get().pk
    assert browser.get(f"/admin/catalog/{name}/{pk}/change/").status_code == 200
    if name != "service":  # of which staff say whether it is allowed here
        assert browser.post(f"/admin/catalog/{name}/{pk}/change/", {}).status_code == 403
    assert browser.post(f"/admin/catalog/{name}/{pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", LISTS)
def test_owners_of_a_team_are_no_staff(client_of, alice, offer, name):
    assert client_of(alice).get(f"/admin/catalog/{name}/").status_code == 302


@pytest.mark.parametrize("name", ["offer", "pricepoint"])
def test_a_list_costs_the_same_for_any_number_of_rows(
    client_of, sam, offer, django_assert_max_num_queries, name
):
    browser = client_of(sam)
    browser.get(f"/admin/catalog/{name}/")
    for _ in range(20):
        more = make_offer()
        PricePoint.objects.create(offer=more, cost=more.cost, stock=more.stock)
    with django_assert_max_num_queries(9):
        browser.get(f"/admin/catalog/{name}/")


def read_again(browser, *feeds: Feed):
    data = {"action": "refresh_now", "_selected_action": [feed.pk for feed in feeds]}
    return browser.post("/admin/catalog/feed/", data, follow=True)


def test_chosen_lists_are_read_again_in_full(
    client_of, sam, account, queued, django_capture_on_commit_callbacks
):
    country = make_country()
    prices = Feed.objects.create(key=Feed.prices_key(country), body_hash="old")
    services = Feed.objects.create(key="services", body_hash="old")
    untouched = Feed.objects.create(key="countries", body_hash="old")
    with django_capture_on_commit_callbacks(execute=True):
        page = read_again(client_of(sam), prices, services)
    assert "They are being read" in page.text
    assert queued() == [
        ("catalog.tasks.refresh_country", [country.pk]),
        ("catalog.tasks.refresh_lists", []),
    ]
    hashes = dict(Feed.objects.values_list("key", "body_hash"))
    assert hashes == {prices.key: "", services.key: "", untouched.key: "old"}


def test_without_an_account_it_says_so(client_of, sam, queued):
    page = read_again(client_of(sam), Feed.objects.create(key="services"))
    assert "no provider account" in page.text
    assert queued() == []


def test_staff_without_the_permission_do_not_even_see_it(client_of):
    clerk = make_user("Clerk", is_staff=True)
    assert client_of(clerk).get("/admin/catalog/feed/").status_code == 403
