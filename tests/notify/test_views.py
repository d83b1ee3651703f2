"""The pages of notifications, alerts and mails: one's own, for each of the cast."""

import re
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages

from notify.models import Alert, Kind, Notification
from notify.models.preference import kinds_by_mail
from notify.views import notifications
from tests.factories import (
    make_alert,
    make_country,
    make_notification,
    make_offer,
    make_service,
    make_team,
)

pytestmark = pytest.mark.django_db


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.fixture
def page(team) -> str:
    return f"/t/{team.slug}/notifications/"


# What one was told


def test_one_reads_ones_own_of_this_team(client_of, alice, bob, team, page):
    make_notification(team, alice, title="For Alice")
    make_notification(team, bob, title="For Bob")
    make_notification(make_team(alice), alice, title="Elsewhere")
    answer = client_of(alice).get(page)
    assert "For Alice" in answer.text
    assert "For Bob" not in answer.text
    assert "Elsewhere" not in answer.text
    assert "Nothing to tell" in client_of(alice).get(page + "?before=1").text


def test_an_open_page_asks_again_and_hears_of_what_is_new_alone(client_of, alice, team, page):
    first = make_notification(team, alice)
    browser = client_of(alice)
    html = browser.get(page).text
    [address] = re.findall(rf'id="news" hx-get="({page}\?seen=[0-9-]+)"', html)
    assert f'live:notifications:{alice.pk} from:body, live:sync from:body"' in html
    assert browser.get(address).status_code == 204

    later = make_notification(team, alice)
    told = browser.get(address)
    assert told.status_code == 200
    assert f'name="up_to" value="{later.pk}"' in told.text
    assert f'id="told-{first.pk}"' in told.text

    [address] = re.findall(rf'id="news" hx-get="({page}\?seen=[0-9-]+)"', told.text)
    assert browser.get(address).status_code == 204
    browser.post(f"{page}{later.pk}/open/")  # in another tab
    assert browser.get(address).status_code == 200
    assert "hx-get" not in browser.get(f"{page}?before={later.pk}").text.partition('id="news"')[2]


def test_opening_marks_as_read_and_leads_there(client_of, bob, team, page):
    told = make_notification(team, bob, url=f"/t/{team.slug}/limits/")
    answer = client_of(bob).post(f"{page}{told.pk}/open/")
    assert answer.url == f"/t/{team.slug}/limits/"
    told.refresh_from_db()
    assert told.read_at


def test_anothers_is_not_found_even_by_an_owner(client_of, alice, bob, team, page):
    told = make_notification(team, bob)
    assert client_of(alice).post(f"{page}{told.pk}/open/").status_code == 404
    told.refresh_from_db()
    assert told.read_at is None


def test_looking_marks_nothing(client_of, alice, team, page):
    make_notification(team, alice)
    client_of(alice).get(page)
    client_of(alice).get(f"{page}bell/")
    assert Notification.objects.unread().count() == 1


def test_all_that_was_shown_is_marked_and_no_more(client_of, alice, team, page):
    shown = make_notification(team, alice)
    later = make_notification(team, alice)
    client_of(alice).post(f"{page}read/", {"up_to": shown.pk})
    assert list(Notification.objects.unread()) == [later]
    client_of(alice).post(f"{page}read/", {"up_to": "x"})
    assert list(Notification.objects.unread()) == [later]


def test_a_long_list_has_pages(client_of, alice, team, page, monkeypatch):
    monkeypatch.setattr(notifications, "PAGE", 2)
    first, second, third = (make_notification(team, alice) for _number in range(3))
    browser = client_of(alice)
    newest = browser.get(page).text
    assert third.title in newest
    assert first.title not in newest
    assert f"?before={second.pk}" in newest
    oldest = browser.get(f"{page}?before={second.pk}").text
    assert first.title in oldest
    assert second.title not in oldest


@pytest.mark.parametrize("place", ["x", "0", "-1", "9" * 30])
def test_a_place_that_is_none_is_ignored(client_of, alice, team, page, place):
    told = make_notification(team, alice)
    assert told.title in client_of(alice).get(f"{page}?before={place}").text


def test_titles_are_inert(client_of, alice, team, page):
    make_notification(team, alice, title="<script>alert(1)</script>", body="<b>bold")
    text = client_of(alice).get(page).text
    assert "<script>alert" not in text
    assert "<b>bold" not in text


# The bell


def test_the_bell_counts_what_is_unread(client_of, alice, bob, team, page):
    browser = client_of(alice)
    assert "Notifications" in browser.get(f"{page}bell/").text
    for _number in range(3):
        make_notification(team, alice)
    make_notification(team, bob)
    assert "3 unread notifications" in browser.get(f"{page}bell/").text


def test_the_bell_is_one_query_beside_the_gate(
    client_of, alice, team, page, django_assert_num_queries
):
    browser = client_of(alice)
    browser.get(f"{page}bell/")
    for _number in range(120):
        make_notification(team, alice)
    with django_assert_num_queries(3):  # the user, the membership, the count
        assert "99+" in browser.get(f"{page}bell/", headers={"HX-Request": "true"}).text


def test_no_page_counts_for_the_bell(client_of, alice, team, page):
    make_notification(team, alice)
    answer = client_of(alice).get(f"/t/{team.slug}/team/")
    assert f'hx-get="{page}bell/"' in answer.text
    assert f"live:notifications:{alice.pk} from:body" in answer.text
    assert "1 unread" not in answer.text


# Alerts


@pytest.fixture
def offer():
    return make_offer(make_service("Telegram"), make_country("Germany"), cost="0.20")


def add(browser, team, offer, **fields: object):
    wish = {"service": offer.service_id, "country": offer.country_id, "kind": "price"}
    return browser.post(f"/t/{team.slug}/alerts/new/", {**wish, "price": "0.1", **fields})


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_every_member_makes_alerts_of_their_own(request, client_of, team, offer, who):
    user = request.getfixturevalue(who)
    assert "You will be told" in said(add(client_of(user), team, offer))
    alert = Alert.objects.get()
    assert (alert.user, alert.team, alert.price) == (user, team, Decimal("0.1"))
    page = client_of(user).get(f"/t/{team.slug}/alerts/").text
    assert "Telegram · Germany" in page
    assert "At $0.10 or less" in page
    assert "Now $0.20" in page


def test_an_alert_for_any_country(client_of, alice, team, offer):
    add(client_of(alice), team, offer, country="")
    assert Alert.objects.get().country is None
    assert "any country" in client_of(alice).get(f"/t/{team.slug}/alerts/").text


@pytest.mark.parametrize("fields", [{}, {"price": ""}])
def test_it_leads_back_to_where_the_form_was(client_of, alice, team, offer, fields):
    page = f"/t/{team.slug}/prices/{offer.pk}/?span=week"
    browser = client_of(alice)
    assert f'name="next" value="{page}"' in browser.get(page).text
    assert add(browser, team, offer, next=page, **fields).url == page
    elsewhere = add(browser, team, offer, next="https://elsewhere.example/", **fields)
    assert elsewhere.url == f"/t/{team.slug}/alerts/"


def test_what_is_so_already_is_said(client_of, alice, team, offer):
    answer = add(client_of(alice), team, offer, kind="stock", price="")
    assert "That is so already" in said(answer)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"price": ""}, "Say at which price"),
        ({"price": "0"}, "greater than or equal to"),
        ({"price": "0.10001"}, "decimal places"),
        ({"price": "NaN"}, "Enter a number"),
        ({"kind": "x"}, "Select a valid choice"),
        ({"service": ""}, "required"),
    ],
)
def test_nonsense_makes_no_alert(client_of, alice, team, offer, fields, words):
    assert words in said(add(client_of(alice), team, offer, **fields))
    assert not Alert.objects.exists()


@pytest.mark.parametrize("fields", [{"service": 999999}, {"country": 999999}])
def test_what_is_not_sold_is_not_found(client_of, alice, team, offer, fields):
    assert add(client_of(alice), team, offer, **fields).status_code == 404


def test_outsiders_make_none(client_of, charlie, team, offer):
    assert add(client_of(charlie), team, offer).status_code == 404
    assert not Alert.objects.exists()


def test_pause_arm_and_delete(client_of, bob, team, offer):
    alert = make_alert(team, bob, offer=offer, armed=False)
    browser, page = client_of(bob), f"/t/{team.slug}/alerts/{alert.pk}/"
    browser.post(f"{page}pause/", {"paused": "on"})
    alert.refresh_from_db()
    assert alert.paused
    assert "Paused." in browser.get(f"/t/{team.slug}/alerts/").text
    browser.post(f"{page}pause/")
    browser.post(f"{page}arm/")
    alert.refresh_from_db()
    assert (alert.paused, alert.armed) == (False, True)
    browser.post(f"{page}delete/")
    assert not Alert.objects.exists()


@pytest.mark.parametrize("deed", ["pause", "arm", "delete"])
def test_anothers_alert_is_not_found_even_by_an_owner(client_of, alice, bob, team, offer, deed):
    alert = make_alert(team, bob, offer=offer, armed=False)
    answer = client_of(alice).post(f"/t/{team.slug}/alerts/{alert.pk}/{deed}/", {"paused": "on"})
    assert answer.status_code == 404
    same = Alert.objects.get()
    assert (same.paused, same.armed) == (False, False)


def test_the_list_is_one_query_for_any_number(
    client_of, alice, team, offer, django_assert_max_num_queries
):
    for _number in range(20):
        make_alert(team, alice)
    browser = client_of(alice)
    browser.get(f"/t/{team.slug}/alerts/")
    with django_assert_max_num_queries(6):
        browser.get(f"/t/{team.slug}/alerts/")


def test_prices_and_offers_have_the_form(client_of, alice, team, offer):
    browser = client_of(alice)
    for address in (f"{offer.pk}/", f"?service={offer.service_id}"):
        page = browser.get(f"/t/{team.slug}/prices/{address}").text
        assert f'action="/t/{team.slug}/alerts/new/"' in page


# By mail too


def test_one_chooses_what_is_mailed(client_of, alice, bob):
    browser = client_of(alice)
    assert "checked" in browser.get("/me/notifications/").text
    kinds = [Kind.EXPORT_READY.value, Kind.DRIFT_FOUND.value]
    assert browser.post("/me/notifications/", {"kinds": kinds}).url == "/me/notifications/"
    assert kinds_by_mail(alice.pk) == set(kinds)
    assert browser.get("/me/notifications/").text.count("checked") == 2
    browser.post("/me/notifications/")
    assert kinds_by_mail(alice.pk) == set()
    assert len(kinds_by_mail(bob.pk)) == 6


@pytest.mark.parametrize("kind", ["nonsense", Kind.ACCOUNT_SUSPENDED.value])
def test_what_nobody_can_choose_is_refused(client_of, alice, kind):
    assert client_of(alice).post("/me/notifications/", {"kinds": [kind]}).status_code == 422
