"""After each settlement, by whomever, the balance is read: once for many, and never too early."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import tasks
from accounts.operations import ask_for_balance
from rentals.models import Purchase
from rentals.operations.activation import request_cancel, send_cancel, store_release, store_sms
from rentals.operations.purchase import abandon_purchase
from rentals.operations.sweep import sweep
from rentals.operations.unknown import declare_not_bought, write_off
from tests.rentals.operations.conftest import Shop

pytestmark = pytest.mark.django_db

Queued = Callable[[], list[tuple[str, list[Any]]]]


@pytest.fixture(autouse=True)
def nothing_asked() -> None:
    cache.clear()


def readings(queued: Queued) -> list[str]:
    """The accounts whose balance is to be read."""
    return [args[0] for task, args in queued() if task == "accounts.tasks.refresh_balance"]


def unknown(shop: Shop) -> Purchase:
    shop.sandbox.fault("get/number", "reset")
    return shop.buy()


def refused(shop: Shop) -> Callable[[], object]:
    shop.sandbox.set_price(5, 3, stock=0)
    return shop.buy


def cancelled(shop: Shop) -> Callable[[], object]:
    number = shop.number()
    request_cancel(activation=number, actor=shop.alice)
    return lambda: send_cancel(activation_id=number.pk)


def released(shop: Shop) -> Callable[[], object]:
    number = shop.number()
    return lambda: store_release(activation_id=number.pk, by="poller")


def received(shop: Shop) -> Callable[[], object]:
    number = shop.number()
    return lambda: store_sms(activation_id=number.pk, text="429916", by="poller")


def given_up_by_person(shop: Shop) -> Callable[[], object]:
    purchase = shop.ask()
    return lambda: abandon_purchase(purchase=purchase, actor=shop.alice)


def given_up_by_sweep(shop: Shop) -> Callable[[], object]:
    shop.ask()
    Purchase.objects.update(created=timezone.now() - timedelta(days=1))
    return sweep


def written_off(shop: Shop) -> Callable[[], object]:
    purchase = unknown(shop)
    return lambda: write_off(purchase=purchase, actor=shop.alice)


def not_bought(shop: Shop) -> Callable[[], object]:
    purchase = unknown(shop)
    return lambda: declare_not_bought(purchase=purchase, actor=shop.alice)


def bought(shop: Shop) -> Callable[[], object]:
    return shop.buy


@pytest.mark.parametrize(
    "prepare",
    [
        *(received, released, cancelled, refused, bought),
        *(given_up_by_person, given_up_by_sweep, written_off, not_bought),
    ],
)
def test_whatever_moves_money_has_the_balance_read(
    shop: Shop,
    queued: Queued,
    prepare: Callable[[Shop], Callable[[], object]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settle = prepare(shop)
    assert readings(queued) == []
    with django_capture_on_commit_callbacks(execute=True):
        settle()
    assert readings(queued) == [str(shop.account.pk)]


def test_a_hundred_at_once_are_one_reading(
    shop: Shop,
    queued: Queued,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    other = uuid.uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(100):
            ask_for_balance(account_id=shop.account.pk)
            ask_for_balance(account_id=other)
    assert sorted(readings(queued)) == sorted([str(shop.account.pk), str(other)])


def test_what_settles_after_a_reading_has_begun_gets_another(
    shop: Shop,
    queued: Queued,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    for expected in (1, 2):
        with django_capture_on_commit_callbacks(execute=True):
            ask_for_balance(account_id=shop.account.pk)
        assert len(readings(queued)) == expected
        tasks.refresh_balance(str(shop.account.pk))
    shop.account.refresh_from_db()
    assert shop.account.balance == 10


def test_nothing_is_asked_for_what_was_rolled_back(
    shop: Shop,
    queued: Queued,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with (
        django_capture_on_commit_callbacks(execute=True),
        suppress(LookupError),
        transaction.atomic(),
    ):
        ask_for_balance(account_id=shop.account.pk)
        raise LookupError
    assert readings(queued) == []


def test_without_redis_settling_goes_on(
    shop: Shop,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    nobody = settings.CACHES["default"] | {"LOCATION": "unix:///nobody/is/there.sock"}
    settings.CACHES = {"default": nobody}
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        ask_for_balance(account_id=shop.account.pk)
    assert len(callbacks) == 1
    tasks.refresh_balance(str(shop.account.pk))
    shop.account.refresh_from_db()
    assert shop.account.balance == 10
