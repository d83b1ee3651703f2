"""Slots, learned from 50104, with a queue in place of an error; blocked services."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ProviderAccount
from rentals.models import Activation, Purchase, ServiceBlock
from rentals.operations.activation import store_release, store_sms
from rentals.operations.errors import Refusal
from rentals.operations.purchase import abandon_purchase
from rentals.operations.queueing import LESSON_GOOD_FOR, free_slots, place_in_queue
from rentals.operations.sending import send_purchase
from rentals.operations.sweep import sweep
from rentals.states import PurchaseState
from tests.factories import make_offer, make_service
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db

Kinds = Callable[[Purchase], list[str]]
State = PurchaseState


@pytest.fixture
def full(shop: Shop) -> Shop:
    """Two numbers are open and the provider allows no third: we have just learned that."""
    shop.sandbox.update_account(shop.token, waiting_limit=2)
    shop.number(), shop.number()
    shop.buy()
    shop.account.refresh_from_db()
    return shop


def queued(shop: Shop) -> list[Purchase]:
    return list(shop.team.purchases.filter(state=State.HELD).order_by("pk"))


def test_too_many_waiting_teaches_the_limit_and_queues(full: Shop, kinds: Kinds) -> None:
    assert full.account.slots == 2
    assert free_slots(full.account) == 0
    refused = full.team.purchases.get(state=State.REFUSED)
    [waiting] = queued(full)
    assert waiting.instead_of == refused
    assert (waiting.reason, waiting.quoted) == ("queued", COST)
    assert kinds(refused) == ["hold", "release"]
    assert kinds(waiting) == ["hold"]
    assert full.team.purchases.reserved() == 3 * COST
    assert refused not in full.team.purchases.on_board()


def test_what_is_queued_is_not_sent_while_there_is_no_slot(full: Shop) -> None:
    sends = full.sends()
    [waiting] = queued(full)
    send_purchase(purchase_id=waiting.pk)
    sweep()
    assert full.sends() == sends


def test_a_new_purchase_joins_the_queue_without_asking_the_provider(full: Shop) -> None:
    sends = full.sends()
    purchase = full.buy()
    assert (purchase.state, purchase.reason) == (State.HELD, "queued")
    assert place_in_queue(purchase) == 2
    assert full.sends() == sends


@pytest.mark.parametrize("end", ["sms", "release"])
def test_a_free_slot_goes_to_the_first_in_the_queue(
    full: Shop, end: str, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    [first] = queued(full)
    second = full.buy()
    number = Activation.objects.open().first()
    full.sandbox.deliver(number.request_id, "429916")
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[attr-defined]
        if end == "sms":
            store_sms(activation_id=number.pk, text="429916", by="poller")
        else:
            store_release(activation_id=number.pk, by="poller")
    assert f"({first.pk},)" in repr(callbacks)
    send_purchase(purchase_id=second.pk)
    send_purchase(purchase_id=first.pk)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.BOUGHT, State.HELD)


def test_there_is_a_way_out_of_the_queue(full: Shop) -> None:
    [waiting] = queued(full)
    assert abandon_purchase(purchase=waiting, actor=full.alice)
    assert full.team.purchases.reserved() == 2 * COST


def test_the_queue_has_more_patience_than_a_worker(full: Shop) -> None:
    Purchase.objects.filter(state=State.HELD).update(created=timezone.now() - timedelta(minutes=10))
    sweep()
    assert len(queued(full)) == 1
    Purchase.objects.filter(state=State.HELD).update(created=timezone.now() - timedelta(hours=1))
    sweep()
    assert queued(full) == []


def test_a_lesson_is_forgotten_after_a_while(full: Shop) -> None:
    ProviderAccount.objects.update(slots_at=timezone.now() - LESSON_GOOD_FOR * 2)
    full.account.refresh_from_db()
    assert free_slots(full.account) is None
    full.sandbox.update_account(full.token, waiting_limit=5)
    [waiting] = queued(full)
    send_purchase(purchase_id=waiting.pk)
    waiting.refresh_from_db()
    assert waiting.state == State.BOUGHT


def test_slots_that_others_have_taken_are_an_ordinary_refusal(shop: Shop) -> None:
    shop.sandbox.update_account(shop.token, waiting_limit=0)
    purchase = shop.buy()
    assert (purchase.state, purchase.provider_code) == (State.REFUSED, "50104")
    assert queued(shop) == []


def test_a_blocked_service_is_known_until_its_end(shop: Shop) -> None:
    shop.sandbox.block(shop.token, 3, hours=24)
    shop.buy()
    block = ServiceBlock.objects.get(account=shop.account)
    assert timedelta(hours=23) < block.until - timezone.now() <= timedelta(hours=24, minutes=1)
    sends = shop.sends()
    with pytest.raises(Refusal, match="blocked"):
        shop.ask()
    assert shop.sends() == sends


def test_a_block_lasts_no_longer_than_the_documented_day(shop: Shop) -> None:
    body = '{"code": 50214, "message": "Blocked until 9999-12-31 23:59:59"}'
    shop.sandbox.fault("get/number", "body", text=body)
    shop.buy()
    assert ServiceBlock.objects.get().until - timezone.now() <= timedelta(hours=24)


def test_other_services_are_not_blocked(shop: Shop) -> None:
    shop.sandbox.block(shop.token, 3)
    shop.buy()
    shop.sandbox.set_price(5, 5, cost=COST, stock=9)
    other = make_offer(make_service(provider_id="5"), shop.offer.country, cost=COST)
    assert shop.buy(offer=other).state == State.BOUGHT


def test_a_block_that_is_over_blocks_nothing(shop: Shop) -> None:
    ServiceBlock.objects.create(
        account=shop.account,
        service=shop.offer.service,
        until=timezone.now() - timedelta(seconds=1),
    )
    assert shop.buy(client_key=uuid.uuid4()).state == State.BOUGHT


def test_what_was_asked_for_before_the_block_is_not_sent_any_more(shop: Shop, kinds: Kinds) -> None:
    purchase = shop.ask()
    ServiceBlock.objects.create(
        account=shop.account,
        service=shop.offer.service,
        until=timezone.now() + timedelta(hours=1),
    )
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.ABANDONED, "service_blocked")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends() == 0
