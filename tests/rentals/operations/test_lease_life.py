"""A lease after it was bought: cancelled and refunded once, grace and release, its inbox."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Area
from rentals.models import Lease, MemberDay, Message, Purchase
from rentals.operations import lease as operations
from rentals.operations.errors import Refusal
from rentals.operations.reading import read_inboxes, read_leases
from rentals.operations.sweep import sweep
from rentals.states import LeaseState, PurchaseState
from tests.rentals.operations.conftest import Shop
from tests.rentals.operations.leasing import (
    FAULTS,
    ask,
    look,
    other_user,
    renew,
    send,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_adds_up")]
Kinds = Callable[[Purchase], list[str]]
State = PurchaseState


def read(shop: Shop) -> None:
    read_leases(account_id=str(shop.account.pk))


def balance(shop: Shop) -> Decimal:
    return Decimal(shop.sandbox.world.account(shop.token).balance)


# Cancelling


def cancel(shop: Shop, lease: Lease) -> Lease:
    assert operations.request_cancel(lease=lease, actor=shop.alice)
    operations.send_cancel(lease_id=lease.pk)
    return Lease.objects.get(pk=lease.pk)


def test_a_cancelled_lease_is_refunded_once(shop: Shop, lease: Lease, kinds: Kinds) -> None:
    assert cancel(shop, lease).state == LeaseState.CANCELLED
    operations.send_cancel(lease_id=lease.pk)
    read(shop)
    assert kinds(lease.purchase) == ["hold", "charge", "refund"]
    day = MemberDay.objects.get()
    assert (day.charged, day.refunded) == (Decimal(4), Decimal(4))
    assert shop.team.days.spent() == 0
    assert balance(shop) == 10
    assert shop.sends("rent/cancel/order") == 1


def test_who_learns_second_of_a_cancelled_order_leaves_it_alone(lease: Lease, kinds: Kinds) -> None:
    """The worker that cancels and the reading of the orders may find it at the same moment."""
    assert operations.end_cancelled(lease_id=lease.pk, by="worker")
    assert not operations.end_cancelled(lease_id=lease.pk, by="reading")
    assert kinds(lease.purchase) == ["hold", "charge", "refund"]


@pytest.mark.parametrize(("fault", "options"), FAULTS[:3])
@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_to_a_cancel_is_found_out(
    shop: Shop, lease: Lease, kinds: Kinds, applied: bool, fault: str, options: Any
) -> None:
    shop.sandbox.fault("rent/cancel/order", fault, applied=applied, **options)
    cancelled = cancel(shop, lease)
    assert (cancelled.state == LeaseState.CANCELLED) == applied
    operations.send_cancel(lease_id=lease.pk)  # the sweep's turn
    lease.refresh_from_db()
    assert lease.state == LeaseState.CANCELLED
    assert kinds(lease.purchase) == ["hold", "charge", "refund"]
    assert balance(shop) == 10


def test_the_sweep_comes_back_to_a_cancel(
    shop: Shop,
    lease: Lease,
    settings: Settings,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    operations.request_cancel(lease=lease, actor=shop.alice)
    Lease.objects.update(cancel_asked_at=timezone.now() - timedelta(seconds=6))
    with django_capture_on_commit_callbacks() as callbacks:
        sweep()
    assert "send_lease_cancel" in repr(callbacks)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(50005, "cancel_too_late"), (50403, "cancel_sms_came"), (50405, "cancel_too_often")],
)
def test_a_refused_cancel_leaves_it_leased(
    shop: Shop, lease: Lease, kinds: Kinds, code: int, reason: str
) -> None:
    shop.sandbox.fault("rent/cancel/order", "unknown_code", code=code, message="no")
    kept = cancel(shop, lease)
    assert (kept.state, kept.cancel_asked_at) == (LeaseState.ACTIVE, None)
    assert lease.purchase.events.filter(reason=reason).exists()
    assert kinds(lease.purchase) == ["hold", "charge"]


def test_after_twenty_minutes_an_sms_or_a_renewal_nobody_asks_for_a_cancel(
    shop: Shop, canada: Area, lease: Lease
) -> None:
    assert lease.can_cancel
    lease.begin_at = timezone.now() - timedelta(minutes=20)
    assert not operations.request_cancel(lease=lease, actor=shop.alice)
    lease.refresh_from_db()
    shop.sandbox.deliver_lease(lease.mobile_number, "Your code is 1234")
    read_inboxes(account_id=str(shop.account.pk))
    assert not operations.request_cancel(lease=lease, actor=shop.alice)
    second = send(ask(shop, canada)).lease
    send(renew(shop, canada, second))
    assert not operations.request_cancel(lease=second, actor=shop.alice)


def test_what_was_cancelled_on_the_providers_site_is_refunded_too(
    shop: Shop, canada: Area, lease: Lease, kinds: Kinds
) -> None:
    renewal = send(renew(shop, canada, lease))
    other_user(shop).rent_cancel_order(renewal.order_id)
    for _ in range(2):
        read(shop)
        assert kinds(renewal) == ["hold", "charge", "refund"]
    assert Lease.objects.get().expire_at == lease.expire_at
    other_user(shop).rent_cancel_order(lease.purchase.order_id)
    for _ in range(2):
        read(shop)
        assert kinds(lease.purchase) == ["hold", "charge", "refund"]
    assert Lease.objects.get().state == LeaseState.CANCELLED
    assert balance(shop) == 10


# Time


def test_time_takes_a_lease_to_grace_and_to_its_end(shop: Shop, lease: Lease) -> None:
    for days, state in ((59, "active"), (60.1, "grace"), (67.01, "grace"), (67.1, "released")):
        with time_machine.travel(timezone.now() + timedelta(days=days)):
            read(shop)
        lease.refresh_from_db()
        assert lease.state == state
    assert lease.closed_at is not None


def test_a_lease_is_not_let_go_of_while_a_renewal_is_undecided(
    shop: Shop, canada: Area, lease: Lease
) -> None:
    renewal = renew(shop, canada, lease)
    with time_machine.travel(timezone.now() + timedelta(days=90)):
        read(shop)
        lease.refresh_from_db()
        assert lease.state == LeaseState.ACTIVE
        Purchase.objects.filter(pk=renewal.pk).update(state=State.UNKNOWN)
        read(shop)
        lease.refresh_from_db()
        assert lease.state == LeaseState.ACTIVE
    Purchase.objects.filter(pk=renewal.pk).update(state=State.HELD)


def test_what_the_provider_says_of_a_lease_is_taken_over(shop: Shop, lease: Lease) -> None:
    until = lease.expire_at
    shop.sandbox.set_auto_renew(lease.mobile_number)
    other_user(shop).rent_renew_number("CA", lease.mobile_number, 1)
    read(shop)
    lease.refresh_from_db()
    assert lease.auto_renew
    assert lease.expire_at == until + timedelta(days=30)
    assert lease.purchase.events.filter(reason="renewed_elsewhere").count() == 1
    assert lease.public_link.startswith(shop.sandbox.rent_url)


def test_a_provider_that_does_not_answer_changes_nothing(shop: Shop, lease: Lease) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=90)):
        for call in ("rent/list/number", "rent/list/order"):
            shop.sandbox.fault(call, "http_error")
            read(shop)
            lease.refresh_from_db()
            assert lease.state == LeaseState.ACTIVE


def test_a_renewal_of_a_lease_that_renews_itself_is_for_a_person(
    shop: Shop, canada: Area, lease: Lease
) -> None:
    Lease.objects.update(auto_renew=True)
    lease.refresh_from_db()
    shop.sandbox.fault("rent/renew/number", "reset", applied=True)
    assert look(send(renew(shop, canada, lease))).look_again_at is None


# Inbox


def test_each_sms_is_stored_once(shop: Shop, lease: Lease) -> None:
    for text in ("Your code is 048213", "Your code is 048213", "<b>hello</b>\u202e"):
        shop.sandbox.deliver_lease(lease.mobile_number, text)
        shop.sandbox.advance(1)
    for _ in range(3):
        read_inboxes(account_id=str(shop.account.pk))
    texts = Message.objects.filter(lease=lease).order_by("received_at").values_list("text", "code")
    assert list(texts) == [
        ("Your code is 048213", "048213"),
        ("Your code is 048213", "048213"),
        ("<b>hello</b>\u202e", ""),
    ]
    lease.refresh_from_db()
    assert lease.read_at is not None


def test_of_two_sms_in_one_second_the_later_one_is_the_newest(shop: Shop, lease: Lease) -> None:
    texts = ["first 1111", "second 2222", "third 3333"]
    for text in texts:
        shop.sandbox.deliver_lease(lease.mobile_number, text)
    read_inboxes(account_id=str(shop.account.pk))
    stored = lease.messages.order_by("received_at", "pk").values_list("text", flat=True)
    assert list(stored) == texts


def test_an_inbox_of_many_pages_is_read_to_its_end(
    shop: Shop, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rentals.operations import reading

    monkeypatch.setattr(reading, "SMS_PAGE", 3)
    for number in range(8):
        shop.sandbox.deliver_lease(lease.mobile_number, f"text {number}")
        shop.sandbox.advance(1)
    read_inboxes(account_id=str(shop.account.pk))
    assert lease.messages.count() == 8
    calls = shop.sends("rent/list/sms")
    read_inboxes(account_id=str(shop.account.pk))
    assert shop.sends("rent/list/sms") == calls + 1  # the newest page is known to its end


def test_an_inbox_that_cannot_be_read_is_read_the_next_time(shop: Shop, lease: Lease) -> None:
    shop.sandbox.deliver_lease(lease.mobile_number, "Your code is 048213")
    for fault in ("http_error", "malformed"):
        shop.sandbox.fault("rent/list/sms", fault)
        read_inboxes(account_id=str(shop.account.pk))
    assert not lease.messages.exists()
    read_inboxes(account_id=str(shop.account.pk))
    assert lease.messages.get().code == "048213"


def test_a_token_that_is_refused_suspends_the_account_and_ends_nothing(
    shop: Shop, lease: Lease
) -> None:
    shop.sandbox.update_account(shop.token, revoked=True)
    read(shop)
    read_inboxes(account_id=str(shop.account.pk))
    shop.account.refresh_from_db()
    lease.refresh_from_db()
    assert (shop.account.state, lease.state) == ("suspended", LeaseState.ACTIVE)


def test_the_public_link_is_switched_on_and_off(shop: Shop, lease: Lease) -> None:
    operations.set_public(lease=lease, is_public=True, actor=shop.alice)
    assert lease.is_public
    assert lease.purchase.events.filter(reason="link_on").get().actor == shop.alice
    shop.sandbox.fault("rent/change/link/status", "reset")
    with pytest.raises(Refusal, match="did not answer"):
        operations.set_public(lease=lease, is_public=False, actor=shop.alice)
