"""What happens to a number: its SMS, its end, and giving it back. The SMS wins every race."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import DatabaseError, OperationalError, transaction
from django.utils import timezone

import smsbus
from accounts import operations as accounts
from accounts.models import User
from accounts.provider import client_for
from core.queue import enqueue_on_commit
from live import bus
from rentals import journal, ledger
from rentals.codes import find_code
from rentals.models import Activation, Message
from rentals.operations.queueing import wake_queue
from rentals.states import ActivationState

logger = logging.getLogger(__name__)

State = ActivationState
BY = "worker"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a poll found: the SMS ``text``, or None where the provider said that it is released."""

    activation_id: int
    text: str | None


class Stored(NamedTuple):
    """What came of a batch: the numbers to ask about no more, and those whose finding was not stored."""

    done: list[int]
    failed: list[int]


def store_findings(findings: Sequence[Finding], *, by: str) -> Stored:
    """Store what polls found, in one transaction.

    Each finding has a savepoint of its own: one that cannot be stored is logged and left for the
    next poll. Raises ``OperationalError`` when the database is away, is locked or has chosen us to
    end a deadlock: keep them and come back. Others may store the same at the same moment: a poller
    that has lost its shard, a worker.
    """
    stored = Stored([], [])
    with transaction.atomic():
        for finding in _lock_numbers(findings):
            try:
                with transaction.atomic():
                    if finding.text is not None:
                        store_sms(activation_id=finding.activation_id, text=finding.text, by=by)
                    else:
                        store_release(activation_id=finding.activation_id, by=by)
                        stored.done.append(finding.activation_id)
            except OperationalError:
                raise
            except (DatabaseError, Activation.DoesNotExist) as error:
                if not transaction.get_connection().is_usable():
                    raise
                stored.failed.append(finding.activation_id)
                logger.error(
                    "activation %s: finding not stored: %s",
                    finding.activation_id,
                    type(error).__name__,
                )
    return stored


def _lock_numbers(findings: Sequence[Finding]) -> list[Finding]:
    """Lock the numbers of all findings, and return these in the order in which they are to be stored.

    Each locks the day of its buyer until the whole batch is committed. Two batches would wait for each
    other for ever if they took numbers or days in different orders, or a number after a day.
    """
    ids = {finding.activation_id for finding in findings}
    locked = Activation.objects.select_for_update(of=("self",)).select_related("purchase")
    days = {
        number.pk: (number.team_id, number.purchase.buyer_id)
        for number in locked.filter(pk__in=ids).order_by("pk")
    }
    nobody = (0, 0)  # a number that is not there: storing it says so
    return sorted(findings, key=lambda finding: days.get(finding.activation_id, nobody))


def store_sms(*, activation_id: int, text: str, by: str) -> bool:
    """Store an SMS once; the first one on an open number settles its purchase as spent.

    The same text again changes nothing (False). A different text is one more message. An SMS on a
    number that has ended is stored all the same, and its end stands.
    """
    digest = Message.digest_of(text)
    with transaction.atomic():
        activation = _locked(activation_id)
        if activation.messages.alike([digest]).exists():
            return False
        now = timezone.now()
        Message.objects.create(
            activation=activation,
            team_id=activation.team_id,
            text=text,
            code=find_code(text),
            digest=digest,
            received_at=now,
        )
        if activation.is_open:
            journal.move(activation, State.RECEIVED, by=by, received_at=now, closed_at=now)
            ledger.charge(activation.purchase)
            wake_queue(activation.account_id)
        else:
            reason = "one_more_sms" if activation.state == State.RECEIVED else "late_sms"
            journal.note(activation, reason=reason, by=by)
        bus.publish(team_id=activation.team_id, topic="inbox")
    return True


def store_release(*, activation_id: int, by: str) -> bool:
    """The provider says that the request is over (50102): the hold is given back if no SMS came.

    A number whose cancellation is under way counts as cancelled while its time was not up. True
    when this call ended it.
    """
    with transaction.atomic():
        activation = _locked(activation_id)
        if activation.state == State.RECEIVED:
            return bool(
                Activation.objects.filter(pk=activation.pk, watched=True).update(watched=False)
            )
        if not activation.is_open:
            return False
        in_time = timezone.now() < activation.expires_at
        cancelled = activation.state == State.CANCELLING and in_time
        return _end(activation, State.CANCELLED if cancelled else State.EXPIRED, by=by)


def request_cancel(*, activation: Activation, actor: User) -> bool:
    """Ask for a number to be given back; a worker does it. False when it is no longer waiting."""
    from rentals import tasks  # the tasks import the operations

    if activation.state != State.WAITING:
        return False
    with transaction.atomic():
        asked = journal.move(
            activation, State.CANCELLING, actor=actor, cancel_asked_at=timezone.now()
        )
        if asked:
            enqueue_on_commit(tasks.send_cancel, activation.pk)
    return asked


def send_cancel(*, activation_id: int) -> None:
    """Cancel at the provider, then look once more: an SMS that came first is kept, and paid for.

    Cancelling twice does no more than once, so a lost answer is simply tried again by the sweep
    until the provider says that the request is over. Never raises for anything the provider does.
    """
    activation = Activation.objects.select_related("account", "purchase").get(pk=activation_id)
    if activation.state != State.CANCELLING or not activation.account.is_active:
        return
    client = client_for(activation.account)
    try:
        cancelled = _cancel(client, activation)
        found = _last_look(client, activation)
    except smsbus.WrongToken as error:
        accounts.suspend_account(account=activation.account, code=str(error.code))
    except smsbus.SmsBusError as error:
        logger.warning("activation %s: cancel: %s", activation.pk, type(error).__name__)
    else:
        _conclude(activation, cancelled, found)


def _cancel(client: smsbus.Client, activation: Activation) -> bool:
    """Whether the provider cancelled it now; False where it was over already (50103)."""
    try:
        client.cancel(activation.request_id)
    except smsbus.RequestClosed:
        return False
    return True


def _last_look(client: smsbus.Client, activation: Activation) -> Finding | None:
    """What the provider has for the number at the end; None while it says that it waits."""
    try:
        return Finding(activation.pk, client.get_sms(activation.request_id))
    except smsbus.RequestReleased:
        return Finding(activation.pk, None)
    except smsbus.NoSmsYet:
        return None


def _conclude(activation: Activation, cancelled: bool, found: Finding | None) -> None:
    if found is not None and found.text is not None:
        store_sms(activation_id=activation.pk, text=found.text, by=BY)
    elif cancelled:
        _end_cancelled(activation.pk)
    elif found is not None:
        store_release(activation_id=activation.pk, by=BY)
    # Closed already, yet waiting: the provider contradicts itself. The sweep asks again.


def _end_cancelled(activation_id: int) -> None:
    with transaction.atomic():
        activation = _locked(activation_id)
        if activation.is_open:
            _end(activation, State.CANCELLED, by=BY)


def _end(activation: Activation, to: ActivationState, *, by: str) -> bool:
    """End an open number without an SMS, in the caller's transaction: the hold is given back."""
    now = timezone.now()
    if not journal.move(activation, to, by=by, closed_at=now, watched=False):
        return False
    ledger.release(activation.purchase)
    wake_queue(activation.account_id)
    return True


def stop_watching(*, activation_id: int) -> None:
    """Let a received number go: its time is long over and the provider never said so."""
    Activation.objects.filter(pk=activation_id, state=State.RECEIVED).update(watched=False)


def _locked(activation_id: int) -> Activation:
    """The activation and its purchase, locked: an SMS and an end come one after the other."""
    return (
        Activation.objects.select_for_update(of=("self",))
        .select_related("purchase")
        .get(pk=activation_id)
    )
