"""Clocks that are an hour off, a database that is locked, and an SMS at the moment of the cancel."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import Team
from accounts.provider import client_for
from rentals.models import Activation, Purchase
from rentals.operations import sending
from rentals.operations.activation import request_cancel, send_cancel, store_release, store_sms
from rentals.operations.sending import send_purchase
from rentals.operations.sweep import sweep
from rentals.poller import roster
from rentals.states import ActivationState, PurchaseState
from smsbus import NoSmsYet, RequestReleased
from tests.rentals.operations.conftest import Shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_adds_up")]

Kinds = Callable[[Purchase], list[str]]
HOUR = timedelta(hours=1)
OTHER_CLOCKS = pytest.mark.parametrize("off", [HOUR, -HOUR], ids=["ahead", "behind"])


@contextmanager
def our_clock(shop: Shop, off: timedelta) -> Iterator[None]:
    """Have this machine's clock be off by so much; the provider's goes right."""
    clock = shop.sandbox.world.clock
    with time_machine.travel(timezone.now() + off):
        clock.offset -= off.total_seconds()
        try:
            yield
        finally:
            clock.offset += off.total_seconds()


def poll(shop: Shop, number: Activation) -> Activation:
    """What a poller does."""
    try:
        text = client_for(shop.account).get_sms(number.request_id)
        store_sms(activation_id=number.pk, text=text, by="poller")
    except NoSmsYet:
        pass
    except RequestReleased:
        store_release(activation_id=number.pk, by="poller")
    number.refresh_from_db()
    return number


# Clocks: that of the machine a worker or a sweep runs on, an hour off the others'


@OTHER_CLOCKS
def test_a_worker_with_another_clock_buys_once(shop: Shop, kinds: Kinds, off: timedelta) -> None:
    purchase = shop.ask()
    with our_clock(shop, off):
        send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.BOUGHT
    assert kinds(purchase) == ["hold"]
    sweep()
    send_purchase(purchase_id=purchase.pk)
    assert shop.sends() == 1


@OTHER_CLOCKS
def test_a_sweep_with_another_clock_loses_no_purchase_in_flight(
    shop: Shop, kinds: Kinds, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    """Ahead of the worker's, it gives up a claim that stands; the answer counts all the same."""
    keep = sending._keep_answer

    def swept_meanwhile(*args: object) -> None:
        with our_clock(shop, off):
            sweep()
        keep(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(sending, "_keep_answer", swept_meanwhile)
    purchase = shop.buy()
    assert purchase.state == PurchaseState.BOUGHT
    assert purchase.reason == ("late_answer" if off > timedelta(0) else "")
    assert kinds(purchase) == ["hold"]
    assert shop.sends() == 1


def test_a_claim_of_a_worker_an_hour_behind_is_not_sent_on(shop: Shop, kinds: Kinds) -> None:
    """The sweep ends it between the commit and the first byte, so nothing may be sent any more."""
    send = sending._send

    def swept_before(*args: object) -> None:
        with our_clock(shop, HOUR):
            sweep()
        send(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sending, "_send", swept_before)
        purchase = shop.buy()
    assert (purchase.state, purchase.reason) == (PurchaseState.NOT_BOUGHT, "held_up")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends() == 0


def test_a_claim_of_a_dead_worker_an_hour_ahead_ends_an_hour_later(shop: Shop) -> None:
    purchase = shop.ask()
    with pytest.MonkeyPatch.context() as patched, our_clock(shop, HOUR):
        patched.setattr(sending, "_send", lambda *_: None)  # dies with its claim
        send_purchase(purchase_id=purchase.pk)
    sweep()
    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.SENDING
    with our_clock(shop, HOUR + timedelta(minutes=2)):
        sweep()
    purchase.refresh_from_db()
    assert purchase.state == PurchaseState.UNKNOWN


def test_a_sweep_an_hour_ahead_abandons_what_waits_and_takes_no_money(
    shop: Shop, kinds: Kinds
) -> None:
    purchase = shop.ask()
    with our_clock(shop, HOUR):
        sweep()
    send_purchase(purchase_id=purchase.pk)
    purchase.refresh_from_db()
    assert (purchase.state, purchase.reason) == (PurchaseState.ABANDONED, "too_late")
    assert kinds(purchase) == ["hold", "release"]
    assert shop.sends() == 0


@OTHER_CLOCKS
def test_a_number_is_polled_until_the_provider_ends_it(
    shop: Shop, kinds: Kinds, off: timedelta
) -> None:
    """Whatever our clock says of its deadline."""
    number = shop.number()
    with our_clock(shop, off):
        sweep()
        [row] = roster.watched(0, 1)
        assert row.id == number.pk
        assert not row.received
        poll(shop, number)
    assert number.state == ActivationState.WAITING
    shop.sandbox.advance(20 * 60 + 1)
    poll(shop, number)
    assert number.state == ActivationState.EXPIRED
    assert kinds(number.purchase) == ["hold", "release"]


@OTHER_CLOCKS
def test_an_sms_counts_whatever_our_clock_says_of_its_deadline(
    shop: Shop, kinds: Kinds, off: timedelta
) -> None:
    number = shop.number()
    shop.sandbox.deliver(number.request_id, "077866")
    with our_clock(shop, off):
        poll(shop, number)
        poll(shop, number)
    assert number.state == ActivationState.RECEIVED
    assert [message.text for message in number.messages.all()] == ["077866"]
    assert kinds(number.purchase) == ["hold", "charge"]


@OTHER_CLOCKS
def test_a_cancel_settles_once_whatever_our_clock_says(
    shop: Shop, kinds: Kinds, off: timedelta
) -> None:
    number = shop.number()
    assert request_cancel(activation=number, actor=shop.alice)
    with our_clock(shop, off):
        send_cancel(activation_id=number.pk)
        send_cancel(activation_id=number.pk)
    number.refresh_from_db()
    assert number.state == ActivationState.CANCELLED
    assert kinds(number.purchase) == ["hold", "release"]
    assert shop.frozen() == 0


# The database


@contextmanager
def written_by_somebody_else(team: Team, seconds: float) -> Iterator[None]:
    """Another writer holds SQLite's only write lock, or the team's row in PostgreSQL."""
    locked = threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():  # IMMEDIATE on SQLite
                Team.objects.select_for_update().get(pk=team.pk)
                locked.set()
                time.sleep(seconds)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert locked.wait(10)
    try:
        yield
    finally:
        writer.join()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_for_seconds_delays_and_loses_nothing(
    shop: Shop, kinds: Kinds
) -> None:
    with written_by_somebody_else(shop.team, 1.5):
        purchase = shop.ask()
        assert purchase.state == PurchaseState.HELD
    with written_by_somebody_else(shop.team, 1.5):
        send_purchase(purchase_id=purchase.pk)
    number = Activation.objects.get()
    shop.sandbox.deliver(number.request_id, "077866")
    with written_by_somebody_else(shop.team, 1.5):
        poll(shop, number)
    assert number.state == ActivationState.RECEIVED
    assert kinds(purchase) == ["hold", "charge"]
    assert shop.sends() == 1


# The SMS and the cancel at the same moment


@pytest.mark.django_db(transaction=True)
def test_an_sms_at_the_moment_of_the_cancel_is_stored_once_and_paid_once(
    shop: Shop, kinds: Kinds
) -> None:
    """The provider decides who was first, and we say the same."""
    shop.sandbox.update_account(shop.token, waiting_limit=20)
    numbers = [shop.number() for _ in range(12)]
    for number in numbers:
        assert request_cancel(activation=number, actor=shop.alice)
    with ThreadPoolExecutor(3) as pool:
        together = threading.Barrier(3)

        def meet(act: Callable[[Activation], object], number: Activation) -> object:
            together.wait(30)
            try:
                return act(Activation.objects.get(pk=number.pk))
            finally:
                connections.close_all()

        for number in numbers:
            acts = (
                lambda one: shop.sandbox.deliver(one.request_id, "077866"),
                lambda one: send_cancel(activation_id=one.pk),
                lambda one: poll(shop, one),
            )
            for done in [pool.submit(meet, act, number) for act in acts]:
                done.result()
    for number in numbers:
        send_cancel(activation_id=number.pk)  # what was left open, as the sweep would
        number.refresh_from_db()
        came = number.state == ActivationState.RECEIVED
        assert number.state in (ActivationState.RECEIVED, ActivationState.CANCELLED)
        assert number.messages.count() == came
        assert kinds(number.purchase) == ["hold", "charge" if came else "release"]
    assert shop.frozen() == shop.team.purchases.reserved() == 0
    paid = 10 - shop.sandbox.world.account(shop.token).balance
    assert shop.team.entries.spent() == paid
