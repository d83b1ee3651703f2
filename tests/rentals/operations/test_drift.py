"""Balances held against the ledger: what does not fit is drift, with the window it arose in."""

from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

import smsbus
from accounts import operations as accounts
from accounts.provider import client_for
from rentals.models import Activation, BalanceSnapshot, Lease, Purchase
from rentals.operations import drift
from rentals.operations import lease as leases
from rentals.operations.activation import (
    request_cancel,
    send_cancel,
    store_release,
    store_sms,
)
from rentals.operations.drift import explain_drift
from rentals.operations.errors import Refusal
from rentals.operations.unknown import declare_not_bought, write_off
from rentals.states import ActivationState, PurchaseState
from tests.factories import make_token
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db
FIVE = Decimal("5.0000")


@pytest.fixture(autouse=True)
def no_minute_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has settled before a reading has settled; tests that wait say so."""
    monkeypatch.setattr(drift, "SETTLED_FOR", timedelta(0))


def read(shop: Shop) -> BalanceSnapshot:
    """Ask the provider, as beat and every settlement do; return the newest snapshot."""
    accounts.read_balance(account=shop.account)
    return newest(shop)


def newest(shop: Shop) -> BalanceSnapshot:
    snapshot = BalanceSnapshot.objects.filter(account=shop.account).latest_taken()
    assert snapshot is not None
    return snapshot


def poll(shop: Shop, number: Activation) -> None:
    """What the poller does."""
    try:
        text = client_for(shop.account).get_sms(number.request_id)
    except smsbus.RequestReleased:
        store_release(activation_id=number.pk, by="poller")
    else:
        store_sms(activation_id=number.pk, text=text, by="poller")
    number.refresh_from_db()


def receive(shop: Shop, number: Activation) -> None:
    shop.sandbox.deliver(number.request_id, "429916")
    poll(shop, number)
    assert number.state == ActivationState.RECEIVED


def lose_answer(shop: Shop, *, sold: bool) -> Purchase:
    shop.sandbox.fault("get/number", "reset", applied=sold)
    purchase = shop.buy()
    assert purchase.state == PurchaseState.UNKNOWN
    return purchase


# Only our purchases


def test_the_first_reading_is_what_later_ones_are_measured_from(shop: Shop) -> None:
    first = read(shop)
    assert (first.balance, first.frozen, first.spent, first.drift) == (10, 0, 0, 0)


def test_a_whole_life_of_numbers_leaves_no_drift(shop: Shop) -> None:
    read(shop)
    received, cancelled, expired = shop.number(), shop.number(), shop.number()
    assert (read(shop).frozen, newest(shop).drift) == (3 * COST, 0)
    receive(shop, received)
    assert (read(shop).spent, newest(shop).drift) == (COST, 0)
    request_cancel(activation=cancelled, actor=shop.alice)
    send_cancel(activation_id=cancelled.pk)
    assert read(shop).drift == 0
    shop.sandbox.advance(21 * 60)
    poll(shop, expired)
    assert (read(shop).balance, newest(shop).frozen) == (10 - COST, 0)
    assert [snapshot.drift for snapshot in BalanceSnapshot.objects.all()] == [0] * 5


def test_readings_that_change_nothing_add_no_rows(shop: Shop) -> None:
    first = read(shop)
    for _ in range(3):
        again = read(shop)
    assert BalanceSnapshot.objects.count() == 1
    assert (again.pk, again.taken_at) == (first.pk, first.taken_at)
    assert again.confirmed_at > first.confirmed_at


def test_every_way_to_read_a_balance_takes_a_snapshot(shop: Shop) -> None:
    accounts.check_provider_account(account=shop.account, actor=shop.alice)
    assert newest(shop).balance == 10
    shop.sandbox.top_up(shop.token, 1)
    accounts.read_due_balances()
    assert BalanceSnapshot.objects.count() == 1  # it was read just now, so none was due
    accounts.refresh_balance(account_id=shop.account.pk)
    assert newest(shop).balance == 11


# Other hands


def test_what_somebody_else_buys_is_drift_with_its_window(shop: Shop) -> None:
    before = read(shop)
    asked = timezone.now()
    shop.sandbox.top_up(shop.token, -FIVE)
    found = read(shop)
    assert found.drift == -FIVE
    assert (found.since, found.until) == (before.confirmed_at, found.taken_at)
    assert found.since < asked < found.until
    assert list(BalanceSnapshot.objects.unexplained()) == [found]


def test_a_top_up_is_drift_upwards(shop: Shop) -> None:
    read(shop)
    shop.sandbox.top_up(shop.token, FIVE)
    assert read(shop).drift == FIVE


def test_a_drift_is_told_once_and_measuring_goes_on_from_there(shop: Shop) -> None:
    read(shop)
    shop.sandbox.top_up(shop.token, -FIVE)
    read(shop)
    receive(shop, shop.number())
    assert (read(shop).drift, BalanceSnapshot.objects.with_drift().count()) == (0, 1)


def test_the_window_is_narrowed_by_every_reading_that_fits(shop: Shop) -> None:
    read(shop)
    shop.number()
    fits = read(shop)
    shop.sandbox.top_up(shop.token, -FIVE)
    read(shop)
    poll_all_away(shop)
    assert (read(shop).drift, newest(shop).since) == (-FIVE, fits.confirmed_at)


def poll_all_away(shop: Shop) -> None:
    shop.sandbox.advance(21 * 60)
    for number in Activation.objects.open():
        poll(shop, number)


# What cannot be said yet


def test_an_sms_that_we_have_not_polled_yet_is_no_drift(shop: Shop) -> None:
    read(shop)
    number = shop.number()
    shop.sandbox.deliver(number.request_id, "429916")
    assert read(shop).drift is None
    poll(shop, number)
    assert read(shop).drift == 0
    assert not BalanceSnapshot.objects.with_drift().exists()


def test_a_cancellation_on_its_way_is_no_drift(shop: Shop, lease: Lease) -> None:
    read(shop)
    leases.request_cancel(lease=lease, actor=shop.alice)
    shop.sandbox.fault("rent/cancel/order", "reset", applied=True)
    shop.sandbox.fault("rent/list/order", "http_error")
    leases.send_cancel(lease_id=lease.pk)  # the money is back, and nobody has told us
    assert (read(shop).balance, newest(shop).drift) == (10, None)
    leases.send_cancel(lease_id=lease.pk)
    assert read(shop).drift == 0
    assert not BalanceSnapshot.objects.with_drift().exists()


def test_a_foreign_purchase_beside_open_numbers_is_told_when_they_are_done(shop: Shop) -> None:
    before = read(shop)
    number = shop.number()
    shop.sandbox.top_up(shop.token, -FIVE)
    early = read(shop)
    assert early.drift is None
    receive(shop, number)
    found = read(shop)
    assert (found.drift, found.since) == (-FIVE, before.confirmed_at)
    # The worth has been the same ever since the early reading: it is not younger than that.
    assert found.until == early.taken_at


@pytest.mark.parametrize("written_off", [True, False])
def test_an_unknown_outcome_says_nothing_until_it_is_decided(shop: Shop, written_off: bool) -> None:
    before = read(shop)
    purchase = lose_answer(shop, sold=True)
    [entry] = shop.sandbox.books(shop.token)
    shop.sandbox.deliver(entry.id, "429916")
    meanwhile = read(shop)
    assert meanwhile.drift is None
    if written_off:
        write_off(purchase=purchase, actor=shop.alice)
        assert read(shop).drift == 0
    else:
        declare_not_bought(purchase=purchase, actor=shop.alice)
        found = read(shop)
        assert found.drift == -COST
        assert (found.since, found.until) == (before.confirmed_at, meanwhile.taken_at)


def test_an_unknown_outcome_that_took_nothing_hides_nothing(shop: Shop) -> None:
    read(shop)
    lose_answer(shop, sold=False)
    assert read(shop).drift == 0


def test_a_ledger_that_moves_while_the_provider_is_asked_is_no_drift(shop: Shop) -> None:
    read(shop)
    number = shop.number()
    read(shop)
    asked_at = timezone.now()
    balance = client_for(shop.account).get_balance()
    receive(shop, number)
    accounts.record_balance(account=shop.account, balance=balance, asked_at=asked_at)
    assert (newest(shop).spent, newest(shop).drift) == (COST, None)
    assert read(shop).drift == 0


def test_after_a_settlement_both_books_get_a_minute(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(shop)
    receive(shop, shop.number())
    shop.sandbox.top_up(shop.token, FIVE)
    monkeypatch.setattr(drift, "SETTLED_FOR", timedelta(minutes=1))
    assert read(shop).drift is None
    asked_at = timezone.now() + timedelta(seconds=61)
    balance = client_for(shop.account).get_balance()
    accounts.record_balance(account=shop.account, balance=balance, asked_at=asked_at)
    assert newest(shop).drift == FIVE


def test_the_first_reading_waits_until_nothing_is_under_way(shop: Shop) -> None:
    number = shop.number()
    assert read(shop).drift is None
    receive(shop, number)
    assert read(shop).drift == 0


def test_drifts_add_up_to_what_the_worth_has_moved(shop: Shop) -> None:
    first = read(shop)
    for amount in (3, -1, -2, 4):
        number = shop.number()
        shop.sandbox.top_up(shop.token, amount)
        read(shop)
        receive(shop, number)
        last = read(shop)
    assert last.drift is not None
    told = sum(snapshot.drift for snapshot in BalanceSnapshot.objects.with_drift())
    assert told == last.worth - first.worth == 4


# Tokens and races


def test_another_token_starts_anew(shop: Shop) -> None:
    read(shop)
    token = make_token()
    shop.sandbox.add_account(token, 77)
    accounts.replace_token(account=shop.account, actor=shop.alice, token=token)
    fresh = newest(shop)
    assert (fresh.balance, fresh.drift) == (77, 0)
    shop.sandbox.top_up(token, -FIVE)
    assert read(shop).drift == -FIVE


def test_a_reading_with_the_old_token_is_no_snapshot(shop: Shop) -> None:
    token = make_token()
    shop.sandbox.add_account(token, 77)
    asked_at, balance = timezone.now(), client_for(shop.account).get_balance()
    old = type(shop.account).objects.get(pk=shop.account.pk)
    accounts.replace_token(account=shop.account, actor=shop.alice, token=token)
    accounts.record_balance(account=old, balance=balance, asked_at=asked_at)
    assert [snapshot.balance for snapshot in BalanceSnapshot.objects.all()] == [77]


def test_an_answer_that_was_overtaken_is_dropped(shop: Shop) -> None:
    read(shop)
    asked_at, late = timezone.now(), client_for(shop.account).get_balance()
    shop.sandbox.top_up(shop.token, FIVE)
    read(shop)
    accounts.record_balance(account=shop.account, balance=late, asked_at=asked_at)
    assert (newest(shop).balance, newest(shop).drift) == (15, FIVE)


def test_a_snapshot_belongs_to_the_transaction_of_its_reading(
    shop: Shop, transactional_db: None
) -> None:
    balance = smsbus.Balance(Decimal(10), Decimal(0))
    with pytest.raises(transaction.TransactionManagementError):
        drift.take_snapshot(account=shop.account, balance=balance, asked_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_many_readings_at_once_tell_a_drift_once(shop: Shop) -> None:
    read(shop)
    shop.sandbox.top_up(shop.token, -FIVE)
    together = Barrier(6)

    def go() -> None:
        together.wait()
        try:
            accounts.read_balance(account=shop.account)
        finally:
            connection.close()

    threads = [Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [snapshot.drift for snapshot in BalanceSnapshot.objects.order_by("pk")] == [0, -FIVE]


# Explaining


def test_an_explained_drift_is_no_longer_pointed_out(shop: Shop) -> None:
    read(shop)
    shop.sandbox.top_up(shop.token, FIVE)
    found = read(shop)
    explain_drift(snapshot=found, actor=shop.alice, explanation="Topped up for May")
    found.refresh_from_db()
    assert (found.explanation, found.explained_by) == ("Topped up for May", shop.alice)
    assert found.explained_at is not None
    assert not BalanceSnapshot.objects.unexplained().exists()
    with pytest.raises(Refusal, match="already"):
        explain_drift(snapshot=found, actor=shop.alice, explanation="Or was it?")
    found.refresh_from_db()
    assert found.explanation == "Topped up for May"
