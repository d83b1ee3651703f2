"""A number's life: the SMS wins every race, and each end settles the money once."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError, connections
from django.utils import timezone

from rentals.models import Activation, Event, MemberDay, Message, Purchase
from rentals.operations.activation import (
    Finding,
    request_cancel,
    send_cancel,
    store_findings,
    store_release,
    store_sms,
)
from rentals.operations.purchase import request_reuse
from rentals.operations.sending import send_purchase
from rentals.states import ActivationState
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db

Kinds = Callable[[Purchase], list[str]]
State = ActivationState


def receive(activation: Activation, text: str = "Your Telegram code is 48213") -> bool:
    stored = store_sms(activation_id=activation.pk, text=text, by="poller")
    activation.refresh_from_db()
    return stored


def cancel(shop: Shop, activation: Activation) -> Activation:
    assert request_cancel(activation=activation, actor=shop.alice)
    send_cancel(activation_id=activation.pk)
    activation.refresh_from_db()
    return activation


def test_the_sms_moves_the_price_from_reserved_to_spent(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    assert receive(activation)
    assert activation.state == State.RECEIVED
    assert activation.messages.latest("pk").code == "48213"
    assert kinds(activation.purchase) == ["hold", "charge"]
    assert shop.team.purchases.reserved() == 0
    assert MemberDay.objects.get().charged == COST


def test_the_same_text_again_is_stored_once(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    assert receive(activation)
    assert not receive(activation)
    assert Message.objects.count() == 1
    assert kinds(activation.purchase) == ["hold", "charge"]


def test_a_second_text_is_one_more_message_and_costs_nothing(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    receive(activation, "111111")
    assert receive(activation, "222222")
    assert [message.code for message in Message.objects.order_by("pk")] == ["111111", "222222"]
    assert activation.messages.latest("pk").code == "222222"
    assert kinds(activation.purchase) == ["hold", "charge"]


def test_a_release_without_an_sms_gives_the_money_back(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    assert store_release(activation_id=activation.pk, by="poller")
    activation.refresh_from_db()
    assert (activation.state, activation.watched) == (State.EXPIRED, False)
    assert kinds(activation.purchase) == ["hold", "release"]
    assert not store_release(activation_id=activation.pk, by="poller")


def test_a_release_after_the_sms_only_ends_the_polling(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    receive(activation)
    assert store_release(activation_id=activation.pk, by="poller")
    activation.refresh_from_db()
    assert (activation.state, activation.watched) == (State.RECEIVED, False)
    assert kinds(activation.purchase) == ["hold", "charge"]


def test_an_sms_after_the_end_is_kept_and_the_end_stands(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    store_release(activation_id=activation.pk, by="poller")
    assert receive(activation)
    assert activation.state == State.EXPIRED
    assert Message.objects.count() == 1
    assert kinds(activation.purchase) == ["hold", "release"]
    assert Event.objects.last().reason == "late_sms"


def test_cancelling_gives_number_and_money_back(shop: Shop, kinds: Kinds) -> None:
    activation = cancel(shop, shop.number())
    assert activation.state == State.CANCELLED
    assert kinds(activation.purchase) == ["hold", "release"]
    assert shop.frozen() == 0
    assert Event.objects.get(to_state="cancelling").actor == shop.alice


def test_an_sms_that_came_before_the_cancel_is_kept_and_paid(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    shop.sandbox.deliver(activation.request_id, "429916")
    cancel(shop, activation)
    assert activation.state == State.RECEIVED
    assert activation.messages.latest("pk").text == "429916"
    assert kinds(activation.purchase) == ["hold", "charge"]


def test_what_expired_before_the_cancel_is_expired(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    shop.sandbox.advance(21 * 60)
    Activation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    cancel(shop, activation)
    assert activation.state == State.EXPIRED
    assert kinds(activation.purchase) == ["hold", "release"]


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_to_a_cancel_is_asked_again_until_it_is_known(
    shop: Shop, kinds: Kinds, applied: bool
) -> None:
    activation = shop.number()
    shop.sandbox.fault("cancel", "reset", applied=applied)
    cancel(shop, activation)
    assert activation.state == State.CANCELLING
    send_cancel(activation_id=activation.pk)
    activation.refresh_from_db()
    assert activation.state == State.CANCELLED
    assert kinds(activation.purchase) == ["hold", "release"]


def test_cancelling_twice_does_no_more_than_once(shop: Shop) -> None:
    activation = shop.number()
    assert request_cancel(activation=activation, actor=shop.alice)
    stale = Activation.objects.get(pk=activation.pk)
    stale.state = State.WAITING
    assert not request_cancel(activation=stale, actor=shop.alice)


def test_a_cancel_that_the_poller_overtakes_ends_once(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    request_cancel(activation=activation, actor=shop.alice)
    receive(activation)
    send_cancel(activation_id=activation.pk)
    activation.refresh_from_db()
    assert activation.state == State.RECEIVED
    assert kinds(activation.purchase) == ["hold", "charge"]


def test_a_wrong_token_ends_nothing(shop: Shop, kinds: Kinds) -> None:
    activation = shop.number()
    shop.sandbox.update_account(shop.token, revoked=True)
    cancel(shop, activation)
    assert activation.state == State.CANCELLING
    shop.account.refresh_from_db()
    assert shop.account.state == shop.account.State.SUSPENDED
    assert kinds(activation.purchase) == ["hold"]


def test_a_received_number_is_used_again(shop: Shop) -> None:
    shop.account.set_refer_id("4711")
    shop.account.save()
    activation = shop.number()
    shop.sandbox.deliver(activation.request_id, "111111")
    receive(activation, "111111")
    purchase = request_reuse(
        activation=activation, buyer=shop.alice, quoted=COST, client_key=uuid.uuid4()
    )
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert purchase.state == purchase.State.BOUGHT
    again = purchase.activation
    assert again.number == activation.number
    assert again.request_id != activation.request_id
    [sent] = [call for call in shop.sandbox.calls if call.name == "reuse"]
    assert sent.params["refer_id"] == "4711"


def test_a_batch_stores_everything_and_says_what_is_done(shop: Shop) -> None:
    first, second, third = shop.number(), shop.number(), shop.number()
    done, failed = store_findings(
        [Finding(first.pk, "111111"), Finding(second.pk, None), Finding(third.pk, "333333")],
        by="poller",
    )
    assert (done, failed) == ([second.pk], [])
    states = dict(Activation.objects.values_list("pk", "state"))
    assert states == {first.pk: "received", second.pk: "expired", third.pk: "received"}


def test_one_bad_row_never_stops_a_batch(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from rentals.operations import activation as module

    good, bad = shop.number(), shop.number()
    real = module.find_code

    def fail_on_bad(text: str) -> str:
        if text == "bad":
            raise DatabaseError("cannot be stored")
        return real(text)

    monkeypatch.setattr(module, "find_code", fail_on_bad)
    _done, failed = store_findings(
        [Finding(bad.pk, "bad"), Finding(10**9, "x"), Finding(good.pk, "111111")], by="p"
    )
    assert Message.objects.get().activation == good
    assert sorted(failed) == [bad.pk, 10**9]


def test_a_deadlock_stores_nothing_and_has_the_whole_batch_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rentals.operations import activation as module

    findings = [Finding(shop.number().pk, "111111"), Finding(shop.number().pk, "222222")]
    real = module.find_code

    def deadlock(text: str) -> str:
        if text == "222222":
            raise OperationalError("deadlock detected")
        return real(text)

    monkeypatch.setattr(module, "find_code", deadlock)
    with pytest.raises(OperationalError):
        store_findings(findings, by="p")
    assert not Message.objects.exists()
    monkeypatch.undo()
    store_findings(findings, by="p")
    assert Message.objects.count() == 2


def test_hostile_text_is_stored_as_it_came(shop: Shop) -> None:
    text = "<script>alert(1)</script>\u202e\u200bcode 4242 \U0001f68f"
    activation = shop.number()
    receive(activation, text)
    assert Message.objects.get().text == text


@pytest.mark.django_db(transaction=True)
def test_an_sms_and_the_end_at_the_same_moment_settle_once_and_lose_nothing(
    shop: Shop, kinds: Kinds
) -> None:
    shop.sandbox.update_account(shop.token, waiting_limit=100)
    start = threading.Barrier(2)

    def at_once(store: Callable[..., bool], **fields: object) -> None:
        try:
            start.wait()
            store(by="poller", **fields)
        finally:
            connections.close_all()

    for _ in range(10):
        number = shop.number()
        with ThreadPoolExecutor(2) as pool:
            end = pool.submit(at_once, store_release, activation_id=number.pk)
            pool.submit(at_once, store_sms, activation_id=number.pk, text="429916").result()
            end.result()
        number.refresh_from_db()
        settled_as = "charge" if number.state == State.RECEIVED else "release"
        assert number.messages.get().text == "429916"
        assert kinds(number.purchase) == ["hold", settled_as]
