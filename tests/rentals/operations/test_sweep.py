"""What time does: nothing stays in `sending`, nothing that was lost stays lost."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from rentals.models import Activation, Purchase
from rentals.operations import unknown
from rentals.operations.activation import request_cancel
from rentals.operations.sweep import sweep
from rentals.states import PurchaseState
from tests.factories import make_purchase
from tests.rentals.operations.conftest import Shop

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=10)


def test_a_purchase_whose_worker_died_becomes_unknown(shop: Shop) -> None:
    dead = make_purchase(shop.team, state=PurchaseState.SENDING)
    Purchase.objects.update(claim_until=timezone.now() - timedelta(seconds=1))
    sweep()
    dead.refresh_from_db()
    assert (dead.state, dead.reason) == (PurchaseState.UNKNOWN, "worker_died")
    assert dead.settled_at is None, "the money stays reserved"


def test_a_claim_that_stands_is_left_alone(shop: Shop) -> None:
    alive = make_purchase(shop.team, state=PurchaseState.SENDING)
    sweep()
    alive.refresh_from_db()
    assert alive.state == PurchaseState.SENDING


def test_what_waited_too_long_is_not_bought_any_more(shop: Shop) -> None:
    purchase = shop.ask()
    Purchase.objects.update(created=timezone.now() - LONG_AGO)
    sweep()
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (PurchaseState.ABANDONED, "too_late")
    assert list(purchase.entries.values_list("kind", flat=True)) == ["hold", "release"]


def test_lost_work_is_enqueued_again(
    shop: Shop, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    shop.ask()
    activation = shop.number()
    request_cancel(activation=activation, actor=shop.alice)
    earlier = timezone.now() - timedelta(seconds=30)
    Purchase.objects.update(created=earlier)
    Activation.objects.update(cancel_asked_at=earlier)
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[attr-defined]
        sweep()
    woken = repr(callbacks)
    assert woken.count("send_purchase") == 1
    assert woken.count("send_cancel") == 1


def test_two_sweeps_do_no_more_than_one(shop: Shop) -> None:
    make_purchase(shop.team, state=PurchaseState.SENDING)
    Purchase.objects.update(claim_until=timezone.now() - timedelta(seconds=1))
    sweep()
    sweep()
    assert Purchase.objects.get().events.count() == 1


def test_a_claim_that_was_renewed_since_the_look_is_left_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the sweep's look and its swap another worker has begun to send."""
    purchase = make_purchase(shop.team, state=PurchaseState.SENDING)
    Purchase.objects.update(claim_until=timezone.now() - timedelta(seconds=1))

    def begin_again(purchase: Purchase) -> None:
        until = timezone.now() + timedelta(minutes=1)
        Purchase.objects.update(claim=uuid.uuid4(), claim_until=until)

    monkeypatch.setattr(unknown, "when_to_look", begin_again)
    sweep()
    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.SENDING
