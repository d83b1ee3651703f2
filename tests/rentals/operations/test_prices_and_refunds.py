"""A provider that sells at another price, or keeps what it said it gave back: shown, not absorbed."""

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts import operations as accounts
from rentals.models import Activation, BalanceSnapshot, Lease
from rentals.operations import drift
from rentals.operations import lease as leases
from rentals.operations.activation import request_cancel, send_cancel, store_sms
from rentals.operations.errors import Refusal
from rentals.operations.evidence import calibrate
from rentals.operations.sending import send_purchase
from rentals.states import ActivationState, LeaseState, PurchaseState
from tests.rentals.operations.conftest import COST, Shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_adds_up")]

SAYS_CANCELLED = '{"code": 200, "message": "Success"}'


@pytest.fixture(autouse=True)
def no_minute_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has settled before a reading has settled."""
    monkeypatch.setattr(drift, "SETTLED_FOR", timedelta(0))


def read(shop: Shop) -> BalanceSnapshot:
    accounts.read_balance(account=shop.account)
    snapshot = BalanceSnapshot.objects.latest_taken()
    assert snapshot is not None
    return snapshot


def receive(shop: Shop, number: Activation) -> None:
    shop.sandbox.deliver(number.request_id, "077866")
    store_sms(activation_id=number.pk, text="077866", by="poller")


# Prices


def test_a_price_that_rose_before_the_click_needs_another_click(shop: Shop) -> None:
    shop.offer.cost = Decimal("0.16")
    shop.offer.save()
    with pytest.raises(Refusal, match=r"now \$0.16, not \$0.14. Nothing was bought"):
        shop.ask(quoted=COST)
    shop.sandbox.set_price(5, 3, cost=Decimal("0.16"))
    assert shop.buy(quoted=Decimal("0.16")).cost == Decimal("0.16")


def test_a_price_that_rose_after_the_click_needs_another_click(shop: Shop) -> None:
    purchase = shop.ask()
    shop.sandbox.set_price(5, 3, cost=Decimal("0.16"))
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (PurchaseState.ABANDONED, "price_rose")
    assert shop.buy(offer=_offer_at(shop, purchase.newer_quote)).state == PurchaseState.BOUGHT
    assert shop.sends() == 1


@pytest.mark.parametrize("cost", ["0.16", "0.00"])
def test_a_price_that_the_catalogue_had_wrong_is_read_again_for_everybody(
    shop: Shop,
    queued: Callable[[], list[tuple[str, list[Any]]]],
    django_capture_on_commit_callbacks: Callable[..., Any],
    cost: str,
) -> None:
    purchase = shop.ask()
    queued()
    shop.sandbox.set_price(5, 3, cost=Decimal(cost))
    before = time.time()
    with django_capture_on_commit_callbacks(execute=True):
        send_purchase(purchase_id=purchase.pk)
    [[country_id, found_at]] = [
        arguments for task, arguments in queued() if task == "catalog.tasks.refresh_country"
    ]
    assert country_id == purchase.country_id
    assert before <= found_at <= time.time()


def _offer_at(shop: Shop, cost: Decimal | None) -> object:
    assert cost is not None
    shop.offer.cost = cost
    shop.offer.save()
    return shop.offer


@pytest.mark.parametrize("cost", ["0.16", "0.12"], ids=["dearer", "cheaper"])
def test_a_price_that_changes_as_we_buy_is_seen_and_what_was_paid_past_us_is_drift(
    shop: Shop, cost: str
) -> None:
    """The ledger says what was agreed; the provider's books differ, and that is told."""
    read(shop)
    shop.sandbox.fault("get/number", "price_change", cost=cost)
    number = shop.number()
    difference = shop.frozen() - COST
    assert difference == Decimal(cost) - COST
    assert number.purchase.cost == COST
    calibrate(purchase_id=number.purchase_id)
    shop.account.refresh_from_db()
    assert shop.account.frozen_contradicted_at is not None
    receive(shop, number)
    assert shop.team.entries.spent() == COST
    assert read(shop).drift == -difference


# Refunds


def test_a_refund_that_never_comes_is_drift(shop: Shop, lease: Lease) -> None:
    """The order is answered as cancelled, so our ledger has the price back; the balance has not."""
    read(shop)
    shop.sandbox.fault("rent/cancel/order", "body", text=SAYS_CANCELLED)
    assert leases.request_cancel(lease=lease, actor=shop.alice)
    leases.send_cancel(lease_id=lease.pk)
    lease.refresh_from_db()
    assert lease.state == LeaseState.CANCELLED
    assert shop.team.entries.spent() == 0
    assert shop.sandbox.world.account(shop.token).balance == 6
    assert read(shop).drift == -4
    assert read(shop).drift == -4, "it stays until somebody explains it"


def test_a_hold_that_is_taken_after_a_cancel_is_drift(shop: Shop) -> None:
    """The cancel is answered with a success that never was, and later the price is taken."""
    read(shop)
    number = shop.number()
    shop.sandbox.fault("cancel", "body", text=SAYS_CANCELLED)
    assert request_cancel(activation=number, actor=shop.alice)
    send_cancel(activation_id=number.pk)
    number.refresh_from_db()
    assert number.state == ActivationState.CANCELLED
    assert shop.team.entries.spent() == 0
    assert shop.frozen() == COST, "the provider still holds it"
    assert read(shop).drift == 0, "and may yet give it back"
    shop.sandbox.deliver(number.request_id, "nobody asks for this any more")
    assert read(shop).drift == -COST
