"""kill -9 at each step of a purchase, of storing what a poll found, and of giving a number back.

The pool process of a real worker dies at the point and another one takes over. Whatever the point:
the provider is asked at most once, its books and ours agree, and the outcome is the true one or is
said to be unknown.
"""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import current_app
from django.conf import settings as django_settings
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from rentals import tasks
from rentals.models import Activation, PollShard, Purchase
from rentals.states import ActivationState as Number
from rentals.states import PurchaseState as State
from sandbox.server import Sandbox
from tests.chaos import failpoints
from tests.chaos.processes import is_alive, wait_until
from tests.plugins.workers import Worker, environment
from tests.rentals.operations.conftest import Shop

pytestmark = [
    pytest.mark.xdist_group("chaos"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("everything_adds_up"),
]

QUEUES = ("buy", "default", "poll")
POOL = 8  # processes: a dead one is replaced within seconds, and the next test does not wait for it
PATIENCE = 60.0  # seconds; a busy machine is slow, and what never comes is what fails


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One provider for all tests, because one worker serves all of them; each has its account."""
    with Sandbox(seed=1) as provider:
        yield provider


@pytest.fixture(scope="module")
def worker(
    django_db_setup: None, valkey: str, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A worker for everything; its pool processes die at the point that the yielded file names."""
    armed = tmp_path_factory.mktemp("failpoints") / "armed"
    env = {"FAILPOINT_FILE": str(armed), "POLL_SLICE_SECONDS": "60"}
    env = environment(valkey, sandbox.api_url, sandbox.rent_url) | env
    running = Worker(",".join(QUEUES), POOL, env, include=failpoints.__name__)
    running.wait_until_ready(PATIENCE)
    yield armed
    running.kill()
    running.log.unlink()


@pytest.fixture
def armed(worker: Path, settings: Settings, sandbox: Sandbox) -> Iterator[Path]:
    """The file that names where to die. Nothing of the worker's reaches from one test into another."""
    settings.SMSBUS_API_URL, settings.SMSBUS_RENT_URL = sandbox.api_url, sandbox.rent_url
    become_idle()
    yield worker
    worker.unlink(missing_ok=True)
    become_idle()


def become_idle() -> None:
    """Until the worker has nothing to do. A poller would go on for ever, so it is killed."""

    def is_idle() -> bool:
        if any(broker.llen(queue) for queue in QUEUES):
            return False
        running = [task for task in tasks_at_work() if is_alive(task["worker_pid"])]
        for task in running:
            if task["name"] == "rentals.tasks.poll_shard":
                with suppress(ProcessLookupError):
                    os.kill(task["worker_pid"], signal.SIGKILL)
        return not running

    with redis.Redis.from_url(django_settings.REDIS_URL) as broker:
        # Twice: what ended between the two questions may have enqueued something.
        wait_until(lambda: is_idle() and is_idle(), seconds=PATIENCE)


def tasks_at_work() -> list[dict[str, Any]]:
    """What the worker says that its processes do; a dead one counts for some seconds."""
    replies = current_app.control.inspect(limit=1, timeout=PATIENCE).active() or {}
    return [task for tasks_of_one in replies.values() for task in tasks_of_one]


def die_at(name: str, armed: Path, act: Callable[[], object]) -> None:
    """Arm a point, act, and wait until the process that came there is dead."""
    armed.write_text(name)
    repeat(act, until=lambda: armed.read_text() not in ("", name))
    pid = int(armed.read_text())
    wait_until(lambda: not is_alive(pid), seconds=PATIENCE)


def repeat(act: Callable[[], object], *, until: Callable[[], bool]) -> None:
    """Act every second, as beat does: what is handed to a process that dies just then is lost."""
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline
        act()
        pause = time.monotonic() + 1
        while time.monotonic() < pause and not until():
            time.sleep(0.02)


def wait(condition: Callable[[], bool]) -> None:
    """Until it is so, while time passes."""
    repeat(time_passes, until=condition)


def time_passes() -> None:
    """Claims and leases run out, what was lost is old enough for the sweep; then beat comes by."""
    now, earlier = timezone.now(), timedelta(seconds=10)
    Purchase.objects.filter(state=State.SENDING).update(claim_until=now - earlier)
    Purchase.objects.filter(state=State.HELD).update(created=F("created") - earlier)
    Activation.objects.filter(state=Number.CANCELLING).update(
        cancel_asked_at=F("cancel_asked_at") - earlier
    )
    tasks.sweep.delay()


def sent(shop: Shop, call: str = "get/number") -> int:
    """How many requests with the account of this shop have reached the provider."""
    index = shop.sandbox.world.account(shop.token).index
    return sum(1 for seen in shop.sandbox.calls if (seen.name, seen.account) == (call, index))


def press(shop: Shop) -> None:
    """Press the button that buys, in the worker; twice is once."""
    wish = (shop.team.pk, shop.alice.pk, str(shop.account.pk), shop.offer.pk)
    failpoints.ask.delay(*wish, str(shop.offer.cost), str(uuid.UUID(int=1)))


def settle_at(expected: str) -> Purchase:
    """The one purchase, once it is in a state, after a second round of everything changed nothing."""
    wait(lambda: Purchase.objects.filter(state=expected).exists())
    purchase = Purchase.objects.get()
    tasks.send_purchase.delay(purchase.pk)  # delivered once more
    tasks.sweep.delay()
    become_idle()
    purchase.refresh_from_db()
    assert purchase.state == expected
    return purchase


@pytest.mark.parametrize(
    ("point", "ends", "requests", "sold"),
    [
        ("written, not enqueued", State.BOUGHT, 1, 1),
        ("before the swap", State.BOUGHT, 1, 1),
        ("swap not committed", State.BOUGHT, 1, 1),
        ("swap committed", State.UNKNOWN, 0, 0),
        ("connected, nothing written", State.UNKNOWN, 0, 0),
        ("request in flight", State.UNKNOWN, 1, 1),
        ("answered, not kept", State.UNKNOWN, 1, 1),
        ("kept, not read", State.BOUGHT, 1, 1),
        ("outcome not committed", State.BOUGHT, 1, 1),
        ("outcome committed, not told", State.BOUGHT, 1, 1),
        ("bought and told", State.BOUGHT, 1, 1),
        ("refusal not committed", State.NOT_BOUGHT, 1, 0),
        ("refusal committed, not told", State.REFUSED, 1, 0),
    ],
)
def test_a_purchase_is_sent_at_most_once(
    shop: Shop, armed: Path, point: str, ends: State, requests: int, sold: int
) -> None:
    if point.startswith("refusal"):
        shop.sandbox.set_price(5, 3, stock=0)
    die_at(point, armed, lambda: press(shop))

    purchase = settle_at(ends)

    assert sent(shop) == requests
    assert len(shop.sandbox.books(shop.token)) == sold
    assert Activation.objects.count() == (1 if ends == State.BOUGHT else 0)
    settlements = ["hold", "release"] if sold == 0 and requests == 1 else ["hold"]
    assert list(purchase.entries.order_by("pk").values_list("kind", flat=True)) == settlements
    assert (purchase.answer() is not None) == (ends != State.UNKNOWN)


def bought(shop: Shop) -> Activation:
    """A number that nobody looks at yet: without a balance there is no baseline, which polls it."""
    shop.sandbox.fault("get/balance", "http_error", times=None)
    purchase = shop.ask()
    repeat(lambda: tasks.send_purchase.delay(purchase.pk), until=Activation.objects.exists)
    become_idle()
    shop.sandbox.clear_faults()
    return purchase.activation


def start_poller() -> None:
    """The watchdog comes by."""
    PollShard.objects.update(queued_at=None)
    tasks.watch_pollers.delay()


@pytest.mark.parametrize(
    "point",
    [
        "found, not handed over",
        "SMS not committed",
        "finding committed, not told",
        "finding told, not noted",
        "lease about to be renewed",
    ],
)
def test_an_sms_is_stored_once_and_paid_once(shop: Shop, armed: Path, point: str) -> None:
    number = bought(shop)
    shop.sandbox.deliver(number.request_id, "Your code is 048213")
    die_at(point, armed, start_poller)
    PollShard.objects.update(lease_until=timezone.now())  # it has run out

    repeat(start_poller, until=lambda: Activation.objects.get().state == Number.RECEIVED)

    assert [message.text for message in number.messages.all()] == ["Your code is 048213"]
    kinds = number.purchase.entries.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["hold", "charge"]
    assert [entry.state for entry in shop.sandbox.books(shop.token)] == ["charged"]


@pytest.mark.parametrize(
    "point",
    [
        "found, not handed over",
        "release not committed",
        "finding committed, not told",
        "finding told, not noted",
    ],
)
def test_the_money_of_an_expired_number_is_given_back_once(
    shop: Shop, armed: Path, point: str
) -> None:
    number = bought(shop)
    shop.sandbox.advance(21 * 60)
    die_at(point, armed, start_poller)
    PollShard.objects.update(lease_until=timezone.now())  # it has run out

    repeat(start_poller, until=lambda: Activation.objects.get().state == Number.EXPIRED)

    kinds = number.purchase.entries.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["hold", "release"]
    assert [entry.state for entry in shop.sandbox.books(shop.token)] == ["released"]


def give_back(number: Activation, shop: Shop) -> None:
    """Press the button that cancels, in the worker; then beat comes by."""
    failpoints.give_back.delay(number.pk, shop.alice.pk)
    time_passes()


CANCEL_POINTS = (
    "cancel asked, not enqueued",
    "before the cancel",
    "cancel in flight",
    "cancelled, not looked again",
    "looked again, not concluded",
)


@pytest.mark.parametrize("point", [*CANCEL_POINTS, "end not committed", "end committed, not told"])
def test_a_cancelled_number_is_given_back_once(shop: Shop, armed: Path, point: str) -> None:
    number = bought(shop)
    die_at(point, armed, lambda: give_back(number, shop))

    wait(lambda: Activation.objects.get().state == Number.CANCELLED)

    kinds = number.purchase.entries.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["hold", "release"]
    assert [entry.state for entry in shop.sandbox.books(shop.token)] == ["released"]


@pytest.mark.parametrize("point", CANCEL_POINTS)
def test_an_sms_before_the_cancel_is_kept_and_paid_once(
    shop: Shop, armed: Path, point: str
) -> None:
    number = bought(shop)
    shop.sandbox.deliver(number.request_id, "Your code is 048213")
    die_at(point, armed, lambda: give_back(number, shop))

    wait(lambda: Activation.objects.get().state == Number.RECEIVED)

    assert [message.code for message in number.messages.all()] == ["048213"]
    kinds = number.purchase.entries.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["hold", "charge"]
