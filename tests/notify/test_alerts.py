"""Alerts ring once, rest, and are armed again: in both directions, repeated and at once."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from catalog import sync
from catalog.models import Country, Offer, Service
from notify.models import Alert, Kind, Notification
from notify.operations import alerts
from notify.operations.alerts import add_alert, arm_alert, check_alerts, pause_alert
from tests.factories import make_alert, make_country, make_offer, make_service, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer() -> Offer:
    return make_offer(make_service("Telegram"), make_country("Germany"), cost="0.20", stock=0)


def become(offer: Offer, cost: str = "0.20", stock: int = 5) -> int:
    """The catalogue says so now; returns how many alerts ring."""
    Offer.objects.filter(pk=offer.pk).update(cost=Decimal(cost), stock=stock)
    return check_alerts()


def rested(hours: float = 1.1) -> None:
    """So much time has passed since they rang."""
    Alert.objects.update(fired_at=timezone.now() - timedelta(hours=hours))


def titles() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("title", flat=True))


# Back in stock


def test_back_in_stock_rings_once(team, alice, offer):
    alert = make_alert(team, alice, offer=offer)
    assert check_alerts() == 0
    assert become(offer) == 1
    assert titles() == ["Telegram is back in stock in Germany"]
    told = Notification.objects.get()
    assert (told.user, told.team, told.kind) == (alice, team, Kind.BACK_IN_STOCK)
    assert told.url == f"/t/{team.slug}/?service={offer.service_id}"
    assert [check_alerts(), become(offer, stock=900), become(offer, cost="0.01")] == [0, 0, 0]
    alert.refresh_from_db()
    assert (alert.armed, alert.fired) == (False, 1)


def test_it_is_armed_again_when_the_stock_is_gone(team, alice, offer):
    make_alert(team, alice, offer=offer)
    become(offer)
    rested()
    assert become(offer, stock=0) == 0
    assert Alert.objects.get().armed
    assert become(offer) == 1
    assert len(titles()) == 2


def test_what_flickers_does_not_ring_each_time(team, alice, offer):
    make_alert(team, alice, offer=offer)
    become(offer)
    for _flicker in range(5):
        assert become(offer, stock=0) + become(offer) == 0
    assert len(titles()) == 1


# Below a price


def test_a_price_rings_when_it_comes_down_and_not_above(team, alice, offer):
    make_alert(team, alice, offer=offer, price="0.10")
    assert become(offer, cost="0.1001") == 0
    assert become(offer, cost="0.10") == 1
    assert titles() == ["Telegram costs $0.10 in Germany: you asked for $0.10 or less"]
    assert become(offer, cost="0.05") == 0


def test_a_price_that_wobbles_rings_once_and_again_after_a_real_rise(team, alice, offer):
    make_alert(team, alice, offer=offer, price="0.10")
    become(offer, cost="0.10")
    for _wobble in range(3):
        assert become(offer, cost="0.105") + become(offer, cost="0.099") == 0
    assert become(offer, cost="0.1051") == 0
    assert Alert.objects.get().armed
    assert become(offer, cost="0.10") == 1
    assert len(titles()) == 2


def test_what_is_sold_out_is_not_cheap(team, alice, offer):
    make_alert(team, alice, offer=offer, price="0.10")
    assert become(offer, cost="0.01", stock=0) == 0


def test_selling_out_does_not_arm_a_price(team, alice, offer):
    make_alert(team, alice, offer=offer, price="0.10")
    become(offer, cost="0.10")
    rested()
    assert become(offer, cost="0.10", stock=0) + become(offer, cost="0.10") == 0


# Any country


def test_any_country_rings_for_the_cheapest(team, alice, offer):
    make_offer(offer.service, make_country("France"), cost="0.08", stock=1)
    make_offer(make_service("Other"), cost="0.01", stock=1)
    make_alert(team, alice, offer=offer, country=None, price="0.10")
    assert become(offer, cost="0.09") == 1
    assert titles() == ["Telegram costs $0.08 in France: you asked for $0.10 or less"]


def test_one_country_is_not_another(team, alice, offer):
    make_offer(offer.service, make_country("France"), cost="0.01", stock=9)
    make_alert(team, alice, offer=offer)
    assert check_alerts() == 0


# Who hears


def test_a_paused_alert_is_silent_and_goes_on(team, alice, offer):
    alert = make_alert(team, alice, offer=offer)
    pause_alert(alert=alert, paused=True)
    assert become(offer) == 0
    pause_alert(alert=alert, paused=False)
    assert check_alerts() == 1


def test_who_has_left_or_cannot_sign_in_hears_nothing(team, bob, vera, offer):
    make_alert(team, bob, offer=offer)
    make_alert(team, vera, offer=offer)
    team.memberships.get(user=bob).delete()
    vera.is_active = False
    vera.save()
    assert become(offer) == 0


def test_a_denied_service_is_nobodys_news(team, alice, offer):
    make_alert(team, alice, offer=offer)
    Service.objects.update(denied="Not here.")
    assert become(offer) == 0


def test_each_member_has_their_own(team, alice, bob, offer):
    for user in (alice, bob):
        make_alert(team, user, offer=offer)
    make_alert(make_team(alice), alice, offer=offer)
    assert become(offer) == 3


def test_an_alert_that_rested_can_be_armed_by_hand(team, alice, offer):
    alert = make_alert(team, alice, offer=offer)
    become(offer)
    arm_alert(alert=alert)
    assert check_alerts() == 1
    assert check_alerts() == 0


# Making one


def wish(offer: Offer, **other: object) -> dict:
    values = {"service": offer.service, "country": offer.country, "kind": Alert.Kind.STOCK}
    return {**values, "price": None, **other}


def test_what_is_true_already_rings_the_next_time(team, alice, offer):
    membership = team.memberships.get(user=alice)
    become(offer, cost="0.05")
    alert = add_alert(
        membership=membership, **wish(offer, kind=Alert.Kind.PRICE, price=Decimal("0.10"))
    )
    assert not alert.armed
    assert check_alerts() == 0
    assert become(offer, cost="0.50") == 0
    assert become(offer, cost="0.05") == 1


def test_the_same_wish_twice_is_one_with_the_newer_price(team, alice, offer):
    membership = team.memberships.get(user=alice)
    for price in ("0.10", "0.15"):
        add_alert(membership=membership, **wish(offer, kind=Alert.Kind.PRICE, price=Decimal(price)))
    alert = Alert.objects.get()
    assert (alert.price, alert.rearm_above) == (Decimal("0.15"), Decimal("0.1575"))


def test_there_are_only_so_many(team, alice, offer, monkeypatch):
    monkeypatch.setattr(alerts, "MOST", 2)
    membership = team.memberships.get(user=alice)
    for country in (offer.country, None):
        add_alert(membership=membership, **wish(offer, country=country))
    with pytest.raises(alerts.TooMany):
        add_alert(membership=membership, **wish(make_offer()))


@pytest.mark.parametrize("country", [True, False])
def test_the_database_knows_each_wish_once(team, alice, offer, country):
    fields = {} if country else {"country": None}
    make_alert(team, alice, offer=offer, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_alert(team, alice, offer=offer, **fields)


def test_a_tiny_price_has_a_margin_too():
    assert Alert.margin_of(Decimal("0.0005")) == Decimal("0.0006")


# How it is found


def test_one_statement_finds_them_however_many_there_are(
    team, alice, offer, django_assert_num_queries
):
    for _number in range(30):
        make_alert(team, alice, offer=make_offer(cost="0.20", stock=0))
    with django_assert_num_queries(4):  # arm; begin, find, end
        check_alerts()


def test_more_than_a_batch_all_ring(team, alice, offer, monkeypatch):
    monkeypatch.setattr(alerts, "BATCH", 2)
    for _number in range(5):
        make_alert(team, alice, offer=make_offer(stock=3))
    assert check_alerts() == 5
    assert Notification.objects.count() == 5


def test_a_reading_of_the_catalogue_has_them_checked(
    account, sandbox, queued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        sync.refresh_lists()
    assert "notify.tasks.check_alerts" not in [name for name, _ in queued()]
    with django_capture_on_commit_callbacks(execute=True):
        sync.refresh_country(Country.objects.order_by("pk")[0])
    assert ("notify.tasks.check_alerts", []) in queued()


@pytest.mark.django_db(transaction=True)
def test_of_many_checks_at_once_each_alert_rings_once():
    team = make_team(make_user("Alice"))
    for _number in range(10):
        make_alert(team, offer=make_offer(stock=3))
    start, told = threading.Barrier(4), []

    def check() -> None:
        start.wait()
        told.append(check_alerts())
        connections.close_all()

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(told) == 10, connection.vendor
    assert Notification.objects.count() == 10
    assert set(Alert.objects.values_list("fired", flat=True)) == {1}
