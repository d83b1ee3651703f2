"""The worker that buys: at most one send for each purchase, and an honest word about the rest.

The order is the whole point. The price is read again; then ``held → sending`` is swapped and
committed with a claim *before* the first byte leaves, so that a worker that dies at any later
moment leaves a purchase in ``sending``, which the sweep turns into ``unknown`` and nobody sends
again. The raw answer is committed before it is read. Only what the provider documents as a refusal
of this very call gives the money back.
"""

import logging
import uuid
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

import smsbus
from accounts import operations as accounts
from accounts.provider import client_for
from catalog.tasks import refresh_country
from core.money import dollars
from core.queue import enqueue_on_commit
from rentals import journal, ledger
from rentals.models import Purchase
from rentals.operations import evidence, goods, queueing, unknown
from rentals.states import PurchaseState

logger = logging.getLogger(__name__)

MAX_SENDS = 3
KEPT_ANSWER = 64 * 1024
BY = "worker"

State = PurchaseState


def send_purchase(*, purchase_id: int) -> None:
    """Buy what the purchase asks for. Safe to call twice, at once or later: one caller sends.

    Does nothing unless the purchase is ``held``. Never raises for anything the provider does.
    """
    purchase = Purchase.objects.select_related(
        "team", "account", "country", "service", "reuse_of", "renews", "buyer"
    ).get(pk=purchase_id)
    if purchase.state != State.HELD:
        return
    if not purchase.account.is_active:
        _abandon(purchase, "account_suspended")
        return
    waits_for = queueing.reason_to_wait(purchase)
    if waits_for:
        queueing.say_waiting(purchase, waits_for)
        return
    if purchase.service_id and queueing.blocked_until(purchase.account, purchase.service_id):
        _abandon(purchase, "service_blocked")
        return
    client = client_for(purchase.account)
    cost = _read_price(purchase, client)
    if cost is None:
        return
    baseline = goods.of(purchase).take_baseline(purchase, client)
    if _claim(purchase, cost, baseline):
        _send(purchase, client)


def _read_price(purchase: Purchase, client: smsbus.Client) -> Decimal | None:
    """Return the price as it is now; None when the purchase is not to be sent (yet)."""
    try:
        cost = goods.of(purchase).read_price(purchase, client)
    except smsbus.WrongToken as error:
        accounts.suspend_account(account=purchase.account, code=str(error.code))
        _abandon(purchase, "account_suspended", provider_code=str(error.code))
    except smsbus.SmsBusError as error:
        # Reading a price moves no money: the purchase stays held and the sweep comes back to it.
        logger.warning("purchase %s: no price: %s", purchase.pk, type(error).__name__)
        queueing.say_waiting(purchase, "price_unreadable")
    else:
        if cost is None:
            _abandon(purchase, "not_offered")
        elif cost > purchase.quoted:
            _abandon(purchase, "price_rose", newer_quote=cost)
        else:
            return dollars(cost)
    return None


def _claim(purchase: Purchase, cost: Decimal, baseline: dict[str, Any]) -> bool:
    """Swap ``held → sending``, durably; False when somebody else did."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        return journal.move(
            purchase,
            State.SENDING,
            by=BY,
            data={"cost": str(cost)},
            cost=cost,
            claim=uuid.uuid4(),
            claim_until=now + timedelta(seconds=settings.PURCHASE_CLAIM_SECONDS),
            sends=purchase.sends + 1,
            sent_at=now,
            **baseline,
        )


def _send(purchase: Purchase, client: smsbus.Client) -> None:
    call = goods.of(purchase).call(purchase, client)
    try:
        answer = client.send(call)
    except smsbus.NotSent:
        _unsend(purchase)
        return
    except smsbus.SmsBusError as error:
        _become_unknown(purchase, "answer_lost", error)
        return
    _keep_answer(purchase, answer)
    try:
        receipt = call.read(answer)
    except smsbus.ProviderError as error:
        if error.outcome_unknown:
            _become_unknown(purchase, "answer_unclear", error)
        else:
            _refuse(purchase, error)
    except smsbus.SmsBusError as error:
        _become_unknown(purchase, "answer_unclear", error)
    else:
        _buy(purchase, receipt)


def _keep_answer(purchase: Purchase, answer: smsbus.Answer) -> None:
    """Commit the raw answer (the client has taken the token out) before anything is made of it."""
    body = answer.body[:KEPT_ANSWER].decode("utf-8", "replace")
    purchase.keep_answer(f"HTTP {answer.status}\n\n{body}")
    Purchase.objects.filter(pk=purchase.pk, claim=purchase.claim).update(
        answer_sealed=purchase.answer_sealed
    )


def _buy(purchase: Purchase, receipt: Any) -> None:
    from rentals import tasks  # the tasks import the operations

    with transaction.atomic():
        if not goods.of(purchase).is_new(purchase, receipt):
            _finish(purchase, State.UNKNOWN, reason="request_id_again")
        elif _finish(purchase, State.BOUGHT, ended_at=timezone.now()):
            goods.of(purchase).deliver(purchase, receipt)
            accounts.ask_for_balance(account_id=purchase.account_id)
            if evidence.is_due_for_calibration(purchase):
                enqueue_on_commit(tasks.calibrate, purchase.pk)


def _refuse(purchase: Purchase, error: smsbus.ProviderError) -> None:
    with transaction.atomic():
        refused = _finish(
            purchase,
            State.REFUSED,
            reason="refused",
            ended_at=timezone.now(),
            provider_code=str(error.code)[:32],
            provider_message=error.message[:300],
        )
        if refused:
            ledger.release(purchase)
            _take_lesson(purchase, error)
    if isinstance(error, smsbus.WrongToken | smsbus.AccountNotActivated):
        accounts.suspend_account(account=purchase.account, code=str(error.code))
    if isinstance(error, smsbus.NoNumbers | smsbus.NoServiceInCountry) and purchase.country_id:
        enqueue_on_commit(refresh_country, purchase.country_id)


def _take_lesson(purchase: Purchase, error: smsbus.ProviderError) -> None:
    """Some refusals say when it will go: wait for a free slot, or for the end of a block."""
    if isinstance(error, smsbus.TooManyWaiting) and queueing.learn_slots(purchase.account):
        queueing.queue_again(purchase)
    if isinstance(error, smsbus.ServiceBlocked):
        queueing.block_service(purchase, error)


def _become_unknown(purchase: Purchase, reason: str, error: smsbus.SmsBusError) -> None:
    """Keep the hold: the provider may have sold us something."""
    code = str(error.code)[:32] if isinstance(error, smsbus.ProviderError) else ""
    logger.error("purchase %s: outcome unknown: %s", purchase.pk, type(error).__name__)
    with transaction.atomic():
        _finish(
            purchase,
            State.UNKNOWN,
            reason=reason,
            data={"error": type(error).__name__},
            provider_code=code,
            look_again_at=unknown.when_to_look(purchase),
        )


def _unsend(purchase: Purchase) -> None:
    """Nothing left this machine: take the send back; after the last try, give up."""
    finish = partial(_finish, purchase, reason="unreachable", claim=None, claim_until=None)
    with transaction.atomic():
        if finish(State.HELD) and purchase.sends >= MAX_SENDS:
            _abandon(purchase, "unreachable")


def _finish(
    purchase: Purchase,
    to: PurchaseState,
    *,
    reason: str = "",
    data: dict[str, str] | None = None,
    **changes: Any,
) -> bool:
    """Write the outcome if the claim is still ours.

    When the answer comes after the claim ran out, the sweep has made the purchase ``unknown``; the
    late answer is the truth and may still say ``bought``. Where a person has decided meanwhile,
    their word stands and the answer is only noted.
    """
    ours = {"claim": purchase.claim}
    if journal.move(purchase, to, reason=reason, data=data, by=BY, only_if=ours, **changes):
        return True
    purchase.refresh_from_db(fields=["state"])
    late = purchase.state == State.UNKNOWN and to in (State.BOUGHT, State.REFUSED)
    settled_as = State.NOT_BOUGHT if to == State.REFUSED else to
    if late and journal.move(
        purchase, settled_as, reason="late_answer", by=BY, only_if=ours, **changes
    ):
        return True
    logger.error("purchase %s: answer came after it was %s", purchase.pk, purchase.state)
    journal.note(purchase, reason="answer_after_end", data={"answer": to}, by=BY)
    return False


def _abandon(purchase: Purchase, reason: str, **changes: Any) -> None:
    newer = changes.get("newer_quote")
    with transaction.atomic():
        abandoned = journal.move(
            purchase,
            State.ABANDONED,
            reason=reason,
            data={"newer_quote": str(newer)} if newer is not None else None,
            by=BY,
            ended_at=timezone.now(),
            **changes,
        )
        if abandoned:
            ledger.release(purchase)
