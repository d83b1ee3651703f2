"""Places in the product at which a worker's process kills itself, for tests only.

A worker that is started with ``--include tests.chaos.failpoints`` and FAILPOINT_FILE looks into that
file whenever it comes to one of ``POINTS``. If the file names the point, the process writes its id
over the name and ends by SIGKILL: once, whichever process comes there first. The product knows
nothing of this.
"""

import functools
import importlib
import os
import signal
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from celery import shared_task

from rentals.poller import shard

SENDING = "rentals.operations.sending"
NUMBER = "rentals.operations.activation"
PUBLISH = "live.bus:_Publisher.send"
WRITE = "smsbus.transport:_Connection.send"

_running = threading.local()  # which functions are running in this thread


@dataclass(frozen=True)
class Point:
    """``before`` or ``after`` the function ``at`` (module:name), if ``during`` another one."""

    when: str
    at: str
    during: str = ""


POINTS = {
    # a purchase
    "written, not enqueued": Point(
        "before", "core.queue:_send", "rentals.operations.purchase:request_number"
    ),
    "before the swap": Point("before", f"{SENDING}:_claim"),
    "swap not committed": Point("after", "rentals.journal:note", f"{SENDING}:_claim"),
    "swap committed": Point("before", f"{SENDING}:_send"),
    "connected, nothing written": Point("before", WRITE, f"{SENDING}:_send"),
    "request in flight": Point("after", WRITE, f"{SENDING}:_send"),
    "answered, not kept": Point("before", f"{SENDING}:_keep_answer"),
    "kept, not read": Point("after", f"{SENDING}:_keep_answer"),
    "outcome not committed": Point("after", "rentals.operations.numbers:deliver"),
    "outcome committed, not told": Point("before", PUBLISH, f"{SENDING}:_buy"),
    "bought and told": Point("after", f"{SENDING}:_buy"),
    "refusal not committed": Point("after", "rentals.ledger:release", f"{SENDING}:_refuse"),
    "refusal committed, not told": Point("before", PUBLISH, f"{SENDING}:_refuse"),
    # what a poll found
    "found, not handed over": Point("before", "rentals.poller.flusher:Flusher.add"),
    "SMS not committed": Point("after", f"{NUMBER}:store_sms"),
    "release not committed": Point("after", f"{NUMBER}:store_release"),
    "finding committed, not told": Point("before", PUBLISH, f"{NUMBER}:store_findings"),
    "finding told, not noted": Point("before", "rentals.poller.loop:Poller._stored"),
    "lease about to be renewed": Point("before", "rentals.poller.shard:renew"),
    # giving a number back
    "cancel asked, not enqueued": Point("before", "core.queue:_send", f"{NUMBER}:request_cancel"),
    "before the cancel": Point("before", f"{NUMBER}:_cancel"),
    "cancel in flight": Point("after", WRITE, f"{NUMBER}:_cancel"),
    "cancelled, not looked again": Point("after", f"{NUMBER}:_cancel"),
    "looked again, not concluded": Point("before", f"{NUMBER}:_conclude"),
    "end not committed": Point("after", "rentals.ledger:release", f"{NUMBER}:_end"),
    "end committed, not told": Point("before", PUBLISH, f"{NUMBER}:_conclude"),
}


def arrive(name: str) -> None:
    """Die here if the file says so."""
    armed = Path(os.environ["FAILPOINT_FILE"])
    if armed.exists() and armed.read_text() == name:
        armed.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)


def install() -> None:
    """Wrap what the points name."""
    for name, point in POINTS.items():
        if point.during:
            _wrap(point.during, _noting(point.during))
        _wrap(point.at, _dying(name, point))
    shard.RENEW_SECONDS = 0.2  # a poller comes to its point soon


def _noting(place: str) -> Callable[..., Any]:
    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def noted(*arguments: Any, **named: Any) -> Any:
            places = _running.__dict__.setdefault("places", [])
            places.append(place)
            try:
                return function(*arguments, **named)
            finally:
                places.pop()

        return noted

    return wrap


def _dying(name: str, point: Point) -> Callable[..., Any]:
    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def dying(*arguments: Any, **named: Any) -> Any:
            here = not point.during or point.during in _running.__dict__.get("places", ())
            if here and point.when == "before":
                arrive(name)
            result = function(*arguments, **named)
            if here and point.when == "after":
                arrive(name)
            return result

        return dying

    return wrap


def _wrap(place: str, wrap: Callable[..., Any]) -> None:
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    setattr(owner, name, wrap(getattr(owner, name)))


# What a page does, done in a worker, which can be killed.


@shared_task
def ask(team: int, buyer: int, account: str, offer: int, quoted: str, client_key: str) -> None:
    """Press the button that buys."""
    from accounts.models import ProviderAccount, Team, User
    from catalog.models import Offer
    from rentals.operations import purchase

    purchase.request_number(
        team=Team.objects.get(pk=team),
        buyer=User.objects.get(pk=buyer),
        account=ProviderAccount.objects.get(pk=account),
        offer=Offer.objects.get(pk=offer),
        quoted=Decimal(quoted),
        client_key=uuid.UUID(client_key),
    )


@shared_task
def give_back(activation: int, actor: int) -> None:
    """Press the button that cancels."""
    from accounts.models import User
    from rentals.models import Activation
    from rentals.operations import activation as operations

    operations.request_cancel(
        activation=Activation.objects.get(pk=activation), actor=User.objects.get(pk=actor)
    )


if "FAILPOINT_FILE" in os.environ:
    install()
