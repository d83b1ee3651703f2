"""Leases that end, money that drifted, accounts that were turned away; and what is too old to keep."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.operations import suspend_account
from notify import tasks
from notify.models import Delivery, Kind, Notification
from notify.operations.cleaning import remove_old
from notify.operations.reminders import remind_of_leases, tell_of_drift
from rentals.states import LeaseState
from tests.factories import make_lease, make_notification, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def titles() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("title", flat=True))


def ends_in(now, days: float, **fields: object) -> dict:
    end = now + timedelta(days=days)
    return {"expire_at": end, "keep_at": end + timedelta(days=7), **fields}


# Leases


def test_seven_days_and_one_day_ahead_each_once(team, alice, now):
    lease = make_lease(team, alice, **ends_in(now, 7.5))
    for day, expected in ((0, 0), (0.6, 1), (3, 1), (6.4, 1), (6.6, 2), (7.4, 2), (7.6, 2)):
        for _again in range(2):
            remind_of_leases(now + timedelta(days=day))
        assert len(titles()) == expected, day
    assert titles()[0].startswith(f"The lease of +{lease.number} ends on ")
    assert Notification.objects.first().url == lease.get_absolute_url()


def test_a_renewal_begins_anew(team, alice, now):
    lease = make_lease(team, alice, **ends_in(now, 5))
    remind_of_leases(now)
    lease.expire_at += timedelta(days=30)
    lease.save()
    remind_of_leases(now)
    assert len(titles()) == 1
    remind_of_leases(now + timedelta(days=30))
    assert len(titles()) == 2


def test_the_end_of_grace_is_another_date(team, alice, now):
    make_lease(team, alice, state=LeaseState.GRACE, **ends_in(now, -6.5))
    remind_of_leases(now)
    assert "is given to others on" in titles()[0]


def test_one_that_renews_itself_says_so(team, alice, now):
    make_lease(team, alice, auto_renew=True, **ends_in(now, 0.5))
    remind_of_leases(now)
    assert "renews itself on" in titles()[0]


@pytest.mark.parametrize("state", ["cancelled", "released", "cancelling"])
def test_what_is_over_reminds_nobody(team, alice, now, state):
    make_lease(team, alice, state=state, **ends_in(now, 0.5))
    remind_of_leases(now)
    assert titles() == []


def test_owners_admins_and_the_buyer_are_told(team, alice, bob, vera, now):
    make_lease(team, bob, **ends_in(now, 0.5))
    remind_of_leases(now)
    assert {row.user for row in Notification.objects.all()} == {alice, bob}
    assert Delivery.objects.count() == 2


# Drift


def test_each_drift_is_told_once_to_managers(account, alice, bob, now):
    make_snapshot(account, drift=Decimal("-1.5"))
    for _again in range(3):
        tell_of_drift(now)
    assert titles() == ["$1.50 left Main past the ledger"]
    assert Notification.objects.get().user == alice
    make_snapshot(account, drift=Decimal("2"))
    tell_of_drift(now)
    assert titles()[1] == "$2.00 came to Main past the ledger"


def test_what_fits_is_explained_or_is_old_is_no_news(account, alice, now):
    make_snapshot(account)
    make_snapshot(account, drift=Decimal(1), explained_at=now, explanation="A top-up.")
    make_snapshot(account, drift=Decimal(1), taken_at=now - timedelta(days=3))
    tell_of_drift(now)
    assert titles() == []


# Accounts


def test_a_suspended_account_is_on_the_site_and_mailed_once(account, alice, bob):
    suspend_account(account=account, code=401)
    suspend_account(account=account, code=401)
    told = Notification.objects.get()
    assert (told.user, told.kind) == (alice, Kind.ACCOUNT_SUSPENDED)
    assert told.url.endswith(f"/accounts/{account.pk}/")
    assert not Delivery.objects.exists()


# What is kept


def test_after_ninety_days_they_are_gone_with_their_deliveries(team, alice, now):
    old = make_notification(team, alice, created=now - timedelta(days=91))
    Delivery.objects.create(notification=old)
    kept = make_notification(team, alice, created=now - timedelta(days=89))
    assert remove_old(now) == 1
    assert list(Notification.objects.all()) == [kept]
    assert not Delivery.objects.exists()


def test_the_tasks_go_by_the_clock(team, alice, account, now):
    make_notification(team, alice, created=now - timedelta(days=91))
    make_lease(team, alice, **ends_in(now, 0.5))
    make_snapshot(account, drift=Decimal("-1.5"))
    tasks.remind_of_leases()
    tasks.sweep()
    tasks.remove_old()
    assert {row.kind for row in Notification.objects.all()} == {Kind.LEASE_ENDS, Kind.DRIFT_FOUND}
