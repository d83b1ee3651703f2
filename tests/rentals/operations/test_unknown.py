"""Unknown outcomes: found out by the provider's own figures where they can be trusted, else by a person."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from rentals.models import Activation, Event, Purchase
from rentals.operations import evidence, unknown
from rentals.operations.activation import store_release
from rentals.operations.errors import Refusal
from rentals.operations.evidence import CONFIRMATIONS, calibrate, is_believed
from rentals.operations.sending import send_purchase
from rentals.operations.sweep import sweep
from rentals.operations.unknown import adopt, declare_not_bought, find_out, write_off
from rentals.states import ActivationState, PurchaseState
from rentals.wording import explain_purchase
from tests.rentals.operations.conftest import Shop

pytestmark = pytest.mark.django_db

Kinds = Callable[[Purchase], list[str]]
State = PurchaseState


@pytest.fixture
def trusted(shop: Shop) -> Shop:
    """A shop whose account has been seen to freeze exactly the price of each number."""
    for _ in range(CONFIRMATIONS):
        purchase = shop.buy()
        calibrate(purchase_id=purchase.pk)
    shop.account.refresh_from_db()
    assert is_believed(shop.account)
    return shop


def lose_answer(shop: Shop, *, sold: bool) -> Purchase:
    """A purchase whose answer was lost, with or without a number sold."""
    shop.sandbox.fault("get/number", "reset", applied=sold)
    purchase = shop.buy()
    assert purchase.state == State.UNKNOWN
    return purchase


def look(purchase: Purchase) -> Purchase:
    """Let the quiet period pass and read the evidence."""
    Purchase.objects.filter(pk=purchase.pk, look_again_at__isnull=False).update(
        look_again_at=timezone.now() - timedelta(seconds=1)
    )
    find_out(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    return purchase


def test_what_was_not_sold_is_released_by_itself(trusted: Shop, kinds: Kinds) -> None:
    purchase = look(lose_answer(trusted, sold=False))
    assert (purchase.state, purchase.reason) == (State.NOT_BOUGHT, "frozen_not_bought")
    assert kinds(purchase) == ["hold", "release"]


def test_what_was_sold_is_an_orphan_and_stays_reserved(trusted: Shop, kinds: Kinds) -> None:
    purchase = look(lose_answer(trusted, sold=True))
    assert (purchase.state, purchase.reason) == (State.UNKNOWN, "orphaned")
    assert kinds(purchase) == ["hold"]
    assert "nobody knows it" in explain_purchase(purchase)
    assert trusted.team.purchases.reserved() == trusted.frozen()


def test_an_orphan_that_got_no_sms_is_released_when_its_life_is_over(
    trusted: Shop, kinds: Kinds
) -> None:
    purchase = look(lose_answer(trusted, sold=True))
    trusted.sandbox.advance(22 * 60)
    purchase = look(purchase)
    assert (purchase.state, purchase.reason) == (State.NOT_BOUGHT, "orphan_released")
    assert kinds(purchase) == ["hold", "release"]
    assert trusted.frozen() == 0


def test_an_orphan_that_got_an_sms_is_written_off(trusted: Shop, kinds: Kinds) -> None:
    purchase = look(lose_answer(trusted, sold=True))
    orphan = trusted.sandbox.books(trusted.token)[-1]
    trusted.sandbox.deliver(orphan.id, "nobody will read this")
    trusted.sandbox.advance(22 * 60)
    purchase = look(purchase)
    assert (purchase.state, purchase.reason) == (State.LOST, "orphan_charged")
    assert kinds(purchase) == ["hold", "loss"]


def test_an_sms_that_moves_the_figures_meanwhile_is_taken_into_account(trusted: Shop) -> None:
    waiting = Activation.objects.open().first()
    purchase = lose_answer(trusted, sold=False)
    trusted.sandbox.deliver(waiting.request_id, "429916")  # not seen by a poller yet
    purchase = look(purchase)
    assert purchase.state == State.NOT_BOUGHT
    waiting.refresh_from_db()
    assert waiting.state == ActivationState.RECEIVED


def test_somebody_elses_purchase_on_the_account_leaves_it_to_a_person(
    trusted: Shop, kinds: Kinds
) -> None:
    purchase = lose_answer(trusted, sold=False)
    trusted.sandbox.world.account(trusted.token)
    from smsbus import Client

    other = Client(
        trusted.token, api_url=trusted.sandbox.api_url, rent_url=trusted.sandbox.rent_url
    )
    trusted.sandbox.set_price(5, 5, cost=Decimal("0.21"), stock=5)
    other.get_number("5", "5")
    purchase = look(purchase)
    assert (purchase.state, purchase.look_again_at) == (State.UNKNOWN, None)
    assert purchase.events.last().reason == "left_to_person"
    assert kinds(purchase) == ["hold"]


def test_two_unknowns_at_once_are_left_to_a_person(trusted: Shop) -> None:
    """What is frozen might be for either: also where one look alone would be conclusive."""
    first = lose_answer(trusted, sold=False)
    Purchase.objects.filter(pk=first.pk).update(look_again_at=None)
    second = lose_answer(trusted, sold=True)
    assert second.look_again_at is not None
    second = look(second)
    assert (second.reason, second.look_again_at) == ("answer_lost", None)
    assert second.events.last().reason == "left_to_person"


def test_an_account_that_was_never_calibrated_is_not_judged(shop: Shop) -> None:
    purchase = lose_answer(shop, sold=False)
    assert purchase.look_again_at is None
    find_out(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert purchase.state == State.UNKNOWN


def test_one_contradiction_switches_the_automation_off(trusted: Shop) -> None:
    purchase = trusted.buy()
    trusted.sandbox.world.account(trusted.token).frozen += Decimal("0.05")
    calibrate(purchase_id=purchase.pk)
    trusted.account.refresh_from_db()
    assert not is_believed(trusted.account)


def test_while_it_is_found_out_nothing_else_is_bought_on_the_account(trusted: Shop) -> None:
    lose_answer(trusted, sold=True)
    sends = trusted.sends()
    later = trusted.buy()
    assert (later.state, later.reason) == (State.HELD, "account_waits")
    assert trusted.sends() == sends
    look(Purchase.objects.get(state=State.UNKNOWN))
    send_purchase(purchase_id=later.pk)
    later.refresh_from_db()
    assert later.state == State.BOUGHT


def test_an_unreachable_provider_puts_the_look_off_and_ends_with_a_person(
    trusted: Shop, settings: Settings
) -> None:
    purchase = lose_answer(trusted, sold=False)
    trusted.sandbox.fault("get/balance", "http_error", times=None)
    purchase = look(purchase)
    assert purchase.look_again_at > timezone.now()
    Purchase.objects.filter(pk=purchase.pk).update(sent_at=timezone.now() - timedelta(hours=1))
    assert look(purchase).look_again_at is None


def test_the_sweep_finds_what_is_due(
    trusted: Shop, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    lose_answer(trusted, sold=False)
    Purchase.objects.filter(look_again_at__isnull=False).update(
        look_again_at=timezone.now() - timedelta(seconds=1)
    )
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[attr-defined]
        sweep()
    assert "find_out" in repr(callbacks)


def test_a_person_adopts_what_they_found(shop: Shop, kinds: Kinds) -> None:
    purchase = lose_answer(shop, sold=True)
    [sold] = shop.sandbox.books(shop.token)
    activation = adopt(
        purchase=purchase, actor=shop.alice, request_id=f" {sold.id} ", number=f"+{sold.number}"
    )
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (State.BOUGHT, "adopted")
    assert activation.request_id == str(sold.id)
    assert activation.watched
    assert Event.objects.get(reason="adopted").actor == shop.alice
    store_release(activation_id=activation.pk, by="poller")
    assert kinds(purchase) == ["hold", "release"]


def test_a_request_id_of_another_purchase_is_not_adopted(shop: Shop) -> None:
    known = shop.number()
    purchase = lose_answer(shop, sold=True)
    with pytest.raises(Refusal, match="already, with another purchase"):
        adopt(purchase=purchase, actor=shop.alice, request_id=known.request_id, number="1")
    purchase.refresh_from_db()
    assert purchase.state == State.UNKNOWN


@pytest.mark.parametrize(
    ("decide", "state", "entry"),
    [(declare_not_bought, State.NOT_BOUGHT, "release"), (write_off, State.LOST, "loss")],
)
def test_a_person_decides(
    shop: Shop, kinds: Kinds, decide: Callable[..., None], state: str, entry: str
) -> None:
    purchase = lose_answer(shop, sold=True)
    decide(purchase=purchase, actor=shop.alice)
    purchase.refresh_from_db()
    assert purchase.state == state
    assert kinds(purchase) == ["hold", entry]
    assert purchase.events.last().actor == shop.alice


def test_what_is_decided_is_decided_once(shop: Shop, kinds: Kinds) -> None:
    purchase = lose_answer(shop, sold=True)
    stale = Purchase.objects.get(pk=purchase.pk)
    declare_not_bought(purchase=purchase, actor=shop.alice)
    for decide in (declare_not_bought, write_off):
        with pytest.raises(Refusal, match="decided this already"):
            decide(purchase=stale, actor=shop.alice)
    assert kinds(purchase) == ["hold", "release"]


def test_evidence_never_overrules_a_person(trusted: Shop, kinds: Kinds) -> None:
    purchase = lose_answer(trusted, sold=False)
    write_off(purchase=purchase, actor=trusted.alice)
    assert look(purchase).state == State.LOST
    assert kinds(purchase) == ["hold", "loss"]
    assert unknown.BY not in purchase.events.values_list("by", flat=True)


@pytest.mark.parametrize("sold", [True, False])
def test_a_person_who_decides_during_the_look_is_not_overruled(
    trusted: Shop, kinds: Kinds, monkeypatch: pytest.MonkeyPatch, sold: bool
) -> None:
    purchase = lose_answer(trusted, sold=sold)
    read = evidence.read

    def decide_meanwhile(*args: Any, **kwargs: Any) -> evidence.Reading | None:
        reading = read(*args, **kwargs)
        write_off(purchase=Purchase.objects.get(pk=purchase.pk), actor=trusted.alice)
        return reading

    monkeypatch.setattr(evidence, "read", decide_meanwhile)
    purchase = look(purchase)
    assert (purchase.state, purchase.reason) == (State.LOST, "written_off")
    assert kinds(purchase) == ["hold", "loss"]
    assert purchase.events.last().actor == trusted.alice
