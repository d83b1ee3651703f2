"""Events of the rentals become notifications, each once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from notify.models import Kind, Notification, Outbox
from notify.operations import outbox
from notify.operations.outbox import read_events
from rentals.models import Event, Purchase
from rentals.states import PurchaseState
from tests.factories import add_member, make_limit, make_purchase, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def begun(db: None) -> None:
    """The cursor stands before everything that a test does."""
    read_events()


def note(purchase: Purchase, **fields: object) -> Event:
    return Event.objects.create(
        team=purchase.team, purchase=purchase, subject=Event.Subject.PURCHASE, **fields
    )


def make_unknown(team, buyer, **fields: object) -> Purchase:
    purchase = make_purchase(team, buyer, state=PurchaseState.UNKNOWN, **fields)
    note(purchase, from_state="sending", to_state="unknown", reason="answer_lost")
    return purchase


def told(kind: Kind) -> list[str]:
    rows = Notification.objects.filter(kind=kind).order_by("user__email")
    return [row.user.name for row in rows]


# A purchase of unknown outcome


def test_an_unknown_outcome_without_evidence_needs_a_person(team, bob, vera):
    purchase = make_unknown(team, bob)
    for _again in range(3):
        read_events()
    assert told(Kind.OUTCOME_UNKNOWN) == ["Alice", "Bob"]
    row = Notification.objects.first()
    assert row.url == purchase.get_absolute_url()
    assert purchase.service.title in row.title


def test_one_that_is_being_found_out_needs_nobody_yet(team, bob):
    purchase = make_unknown(team, bob, look_again_at=timezone.now())
    read_events()
    assert told(Kind.OUTCOME_UNKNOWN) == []
    Purchase.objects.filter(pk=purchase.pk).update(look_again_at=None)
    note(purchase, reason="left_to_person")
    read_events()
    assert told(Kind.OUTCOME_UNKNOWN) == ["Alice", "Bob"]


def test_one_that_was_decided_meanwhile_needs_nobody(team, bob):
    purchase = make_unknown(team, bob)
    Purchase.objects.filter(pk=purchase.pk).update(state=PurchaseState.NOT_BOUGHT)
    read_events()
    assert told(Kind.OUTCOME_UNKNOWN) == []


def test_a_buyer_who_left_is_not_told(team, bob):
    make_unknown(team, bob)
    team.memberships.get(user=bob).delete()
    read_events()
    assert told(Kind.OUTCOME_UNKNOWN) == ["Alice"]


# Limits


def buy(team, buyer, cost: str) -> None:
    purchase = make_purchase(team, buyer, quoted=Decimal(cost))
    note(purchase, to_state="held")


def test_four_fifths_and_all_of_the_teams_limit_are_told_once_each(team, bob):
    make_limit(team, per_day=Decimal(10))
    buy(team, bob, "7.99")
    read_events()
    assert told(Kind.LIMIT_REACHED) == []
    buy(team, bob, "0.01")
    read_events()
    assert told(Kind.LIMIT_REACHED) == ["Alice"]
    buy(team, bob, "1.00")
    read_events()
    assert told(Kind.LIMIT_REACHED) == ["Alice"]
    buy(team, bob, "1.00")
    for _again in range(3):
        read_events()
    assert told(Kind.LIMIT_REACHED) == ["Alice", "Alice"]
    titles = Notification.objects.order_by("pk").values_list("title", flat=True)
    assert list(titles) == [
        "Four fifths of the team's limit for today are used",
        "All of the team's limit for today is used",
    ]


def test_a_members_limit_is_told_to_them_and_to_managers(team, bob, vera):
    add_member(team, make_user("Ada"), Role.ADMIN)
    make_limit(team, bob, per_month=Decimal(1))
    buy(team, bob, "1.00")
    read_events()
    assert told(Kind.LIMIT_REACHED) == ["Ada", "Alice", "Bob"]


def test_what_is_open_at_once_calls_nobody(team, bob):
    make_limit(team, open_at_once=1, per_purchase=Decimal("0.01"))
    buy(team, bob, "1.00")
    read_events()
    assert told(Kind.LIMIT_REACHED) == []


# The cursor


def test_it_begins_at_the_end(team, bob):
    Outbox.objects.all().delete()
    make_unknown(team, bob)
    read_events()
    assert not Notification.objects.exists()


def test_an_event_that_is_committed_late_is_not_missed(team, bob):
    late, early = (make_purchase(team, bob, state=PurchaseState.UNKNOWN) for _each in range(2))
    note(early, to_state="unknown", id=200)
    read_events()
    note(late, to_state="unknown", id=100)  # numbered before the other, committed after it
    read_events()
    keys = set(Notification.objects.values_list("key", flat=True))
    assert keys == {f"unknown:{early.pk}", f"unknown:{late.pk}"}


def test_the_cursor_follows_at_a_distance_and_never_goes_back(team, bob):
    purchase = make_purchase(team, bob)
    old = note(purchase, created=timezone.now() - timedelta(minutes=3))
    note(purchase)
    read_events()
    assert Outbox.objects.get().event_id == old.pk
    Outbox.objects.update(event_id=old.pk + 100)
    read_events()
    assert Outbox.objects.get().event_id == old.pk + 100


def test_many_events_are_read_in_batches_and_one_bad_one_stops_none(team, bob, monkeypatch, caplog):
    monkeypatch.setattr(outbox, "BATCH", 2)
    purchases = [make_unknown(team, bob) for _number in range(5)]
    tell = outbox.notify

    def fail_once(**facts: object) -> int:
        if facts["key"] == f"unknown:{purchases[2].pk}":
            raise RuntimeError("of one event")
        return tell(**facts)

    monkeypatch.setattr(outbox, "notify", fail_once)
    read_events()
    assert Notification.objects.filter(user=bob).count() == 4
    assert "outbox: event" in caplog.text


def test_nothing_crosses_teams(team, bob):
    other = make_team(make_user("Olga"))
    make_unknown(other, other.members.get())
    read_events()
    assert told(Kind.OUTCOME_UNKNOWN) == ["Olga"]
