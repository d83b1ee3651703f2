"""Each task delivered ten times at once, and two beats: nothing changes more than once."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from celery import Task, current_app
from django.core import mail
from django.db import connections
from django.utils import timezone

from accounts import operations as accounts
from accounts import tasks as account_tasks
from accounts.models import ProviderAccount
from catalog import tasks as catalog_tasks
from catalog.models import Area
from rentals import tasks
from rentals.models import Activation, BalanceSnapshot, Event, Lease, Message, Purchase
from rentals.operations import evidence
from rentals.operations import lease as leases
from rentals.operations.activation import request_cancel
from tests.rentals.operations import leasing
from tests.rentals.operations.conftest import Shop

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("everything_adds_up"),
]

TIMES = 10


def at_once(calls: list[Callable[[], object]]) -> None:
    """Make all calls at the same moment; the first that raises fails the test."""
    start, errors = threading.Barrier(len(calls)), list[BaseException]()

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait(30)
            call()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def facts(shop: Shop) -> dict[str, object]:
    """What the database and the provider say."""
    return {
        "purchases": sorted(Purchase.objects.values_list("state", "reason")),
        "numbers": sorted(Activation.objects.values_list("state", flat=True)),
        "leases": sorted(Lease.objects.values_list("state", flat=True)),
        "events": Counter(Event.objects.values_list("subject", "to_state", "reason")),
        "messages": sorted(Message.objects.values_list("text", flat=True)),
        "entries": Counter(shop.team.entries.values_list("kind", flat=True)),
        "snapshots": BalanceSnapshot.objects.count(),
        "confirmed": ProviderAccount.objects.get().frozen_confirmed,
        "mails": len(mail.outbox),
        "sold": len(shop.sandbox.books(shop.token)),
        "balance": shop.sandbox.world.account(shop.token).balance,
        "frozen": shop.frozen(),
    }


# What is there before the task


def _asked(shop: Shop, canada: Area) -> Any:
    return shop.ask().pk


def _lease_asked(shop: Shop, canada: Area) -> Any:
    return leasing.ask(shop, canada).pk


def _bought(shop: Shop, canada: Area) -> Any:
    return shop.buy().pk


def _unknown(shop: Shop, *, sold: bool) -> int:
    ProviderAccount.objects.update(frozen_confirmed=evidence.CONFIRMATIONS)
    shop.account.refresh_from_db()
    shop.sandbox.fault("get/number", "reset", applied=sold)
    purchase = shop.buy()
    Purchase.objects.update(look_again_at=timezone.now())
    return purchase.pk


def _unsold(shop: Shop, canada: Area) -> Any:
    return _unknown(shop, sold=False)


def _orphan(shop: Shop, canada: Area) -> Any:
    return _unknown(shop, sold=True)


def _stranger(shop: Shop, canada: Area) -> Any:
    unknown = _unknown(shop, sold=True)
    shop.sandbox.top_up(shop.token, 1)
    return unknown


def _lease_unheard(shop: Shop, canada: Area) -> Any:
    shop.sandbox.fault("rent/get/number", "reset", applied=True)
    purchase = leasing.send(leasing.ask(shop, canada))
    Purchase.objects.update(look_again_at=timezone.now())
    return purchase.pk


def _cancelling(shop: Shop, canada: Area) -> Any:
    number = shop.number()
    request_cancel(activation=number, actor=shop.alice)
    return number.pk


def _cancelling_too_late(shop: Shop, canada: Area) -> Any:
    pk = _cancelling(shop, canada)
    shop.sandbox.deliver(Activation.objects.get().request_id, "077866")
    return pk


def _leased(shop: Shop, canada: Area) -> Lease:
    return leasing.send(leasing.ask(shop, canada)).lease


def _lease_cancelling(shop: Shop, canada: Area) -> Any:
    lease = _leased(shop, canada)
    leases.request_cancel(lease=lease, actor=shop.alice)
    return lease.pk


def _lease_with_sms(shop: Shop, canada: Area) -> Any:
    lease = _leased(shop, canada)
    shop.sandbox.deliver_lease(lease.mobile_number, "077866")
    return str(lease.account_id)


def _lease_cancelled_there(shop: Shop, canada: Area) -> Any:
    lease = _leased(shop, canada)
    leasing.other_user(shop).rent_cancel_order(lease.purchase.order_id)
    return str(lease.account_id)


def _account(shop: Shop, canada: Area) -> Any:
    shop.buy()
    return str(shop.account.pk)


def _suspended(shop: Shop, canada: Area) -> Any:
    accounts.suspend_account(account=shop.account, code=401)
    return str(shop.account.pk)


def _country(shop: Shop, canada: Area) -> Any:
    return shop.offer.country_id


Arrange = Callable[[Shop, Area], Any]


@dataclass(frozen=True)
class Delivered:
    task: "Task[Any, Any]"
    arrange: Arrange

    def __str__(self) -> str:
        return f"{self.task.name}-{self.arrange.__name__.strip('_')}"


DELIVERED = (
    Delivered(tasks.send_purchase, _asked),
    Delivered(tasks.send_purchase, _lease_asked),
    Delivered(tasks.calibrate, _bought),
    Delivered(tasks.find_out, _unsold),
    Delivered(tasks.find_out, _orphan),
    Delivered(tasks.find_out, _stranger),
    Delivered(tasks.find_out, _lease_unheard),
    Delivered(tasks.send_cancel, _cancelling),
    Delivered(tasks.send_cancel, _cancelling_too_late),
    Delivered(tasks.send_lease_cancel, _lease_cancelling),
    Delivered(tasks.read_leases, _lease_cancelled_there),
    Delivered(tasks.read_inboxes, _lease_with_sms),
    Delivered(account_tasks.refresh_balance, _account),
    Delivered(account_tasks.mail_suspension, _suspended),
    Delivered(catalog_tasks.refresh_country, _country),
)


@pytest.mark.parametrize("delivered", DELIVERED, ids=str)
def test_ten_deliveries_at_once_do_what_one_does(
    shop: Shop, canada: Area, delivered: Delivered
) -> None:
    argument = delivered.arrange(shop, canada)
    at_once([lambda: delivered.task(argument)] * TIMES)
    once = facts(shop)
    assert not [purchase for purchase in Purchase.objects.all() if purchase.sends > 1]
    assert once["sold"] in (0, 1)
    delivered.task(argument)  # however late
    assert facts(shop) == once
    counted: Counter[object] = once["events"]  # type: ignore[assignment]
    assert not [event for event, count in counted.items() if count > 1]


def test_every_task_is_delivered_again_here_or_where_it_is_tested() -> None:
    """Those of beat are below; a poller's slice holds a shard, and its tests are about that."""
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    elsewhere = {
        "config.celery.clear_sessions",
        "notify.tasks.check_alerts",  # tests/notify
        "notify.tasks.deliver",
        "rentals.tasks.poll_shard",
        "reports.tasks.write_export",  # tests/reports
    }
    here = {delivered.task.name for delivered in DELIVERED} | names_of_beat()
    assert {name for name in ours if ".tasks." in name} - elsewhere - here == {
        "catalog.tasks.refresh_lists"  # the catalogue's round reads the lists in the same way
    }


def names_of_beat() -> set[str]:
    return {entry["task"] for entry in current_app.conf.beat_schedule.values()}


def of_beat() -> list[Callable[[], object]]:
    """A call for each thing that beat starts."""
    current_app.loader.import_default_modules()
    entries = current_app.conf.beat_schedule.values()
    return [partial(current_app.tasks[entry["task"]], *entry.get("args", ())) for entry in entries]


def test_two_beats_do_no_more_than_one(shop: Shop, canada: Area) -> None:
    """Everything that time does is due, and each scheduled task comes twice at the same moment."""
    numbers = [shop.number() for _ in range(3)]
    late, dead = shop.ask(), shop.ask()
    _leased(shop, canada)
    Purchase.objects.filter(pk=late.pk).update(created=timezone.now() - timedelta(hours=1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("rentals.operations.sending._send", lambda *_: None)  # dies with its claim
        tasks.send_purchase(dead.pk)
    Purchase.objects.filter(pk=dead.pk).update(claim_until=timezone.now() - timedelta(seconds=1))
    before = facts(shop)
    at_once([task for task in of_beat() for _ in range(2)])
    after = facts(shop)
    late.refresh_from_db()
    dead.refresh_from_db()
    assert (late.state, late.reason) == ("abandoned", "too_late")
    assert (dead.state, dead.reason) == ("unknown", "worker_died")
    assert list(late.entries.order_by("pk").values_list("kind", flat=True)) == ["hold", "release"]
    assert after["sold"] == before["sold"] == len(numbers) + 1
    for purchase in (late, dead):
        endings = Counter(purchase.events.values_list("to_state", flat=True))
        assert endings[purchase.state] == 1
    for task in of_beat():
        task()
    assert facts(shop)["entries"] == after["entries"]
    assert facts(shop)["events"] == after["events"]
