"""How a state changes: from where it was read, to where the machine allows, with its event."""

import pytest
from django.db import transaction

from accounts.models import Team
from rentals.journal import move
from rentals.models import Event, Purchase
from rentals.states import IllegalTransition, PurchaseState
from tests.factories import make_purchase

pytestmark = pytest.mark.django_db


def test_an_illegal_transition_is_a_bug_that_shows_itself(team: Team) -> None:
    ended = make_purchase(team, state=PurchaseState.REFUSED)
    with pytest.raises(IllegalTransition), transaction.atomic():
        move(ended, PurchaseState.HELD)
    assert Purchase.objects.get().state == PurchaseState.REFUSED


def test_who_was_second_changes_nothing(team: Team) -> None:
    first = make_purchase(team)
    second = Purchase.objects.get(pk=first.pk)
    assert move(first, PurchaseState.ABANDONED, reason="given_up")
    assert not move(second, PurchaseState.ABANDONED, reason="too_late")
    assert second.state == PurchaseState.HELD, "the row in memory is left alone"
    assert Purchase.objects.get().reason == "given_up"
    assert [event.reason for event in Event.objects.all()] == ["given_up"]


def test_a_condition_that_does_not_hold_stops_the_swap(team: Team) -> None:
    purchase = make_purchase(team)
    assert not move(purchase, PurchaseState.ABANDONED, only_if={"sends": 7})
    assert Purchase.objects.get().state == PurchaseState.HELD
    assert not Event.objects.exists()
