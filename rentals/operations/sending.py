"""The worker that buys: at most one send for each purchase, and an honest word about the rest.

The order is the whole point. The price is read again; then ``held → sending`` is swapped and
committed with a claim *before* the first byte leaves, so that a worker that dies at any later
moment leaves a purchase in ``sending``, which the sweep turns into ``unknown`` and nobody sends
again. Before that byte a worker makes sure that its claim is still good for the whole call, so that
one that was held up sends nothing that others have given up. The raw answer is committed before it is
read; if the worker dies in between, the sweep has it read. Only what the provider documents as a
refusal of this very call gives the money back.
"""

import logging
import time
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

import smsbus
from accounts import operations as accounts
from accounts.provider import client_for
from catalog.tasks import refresh_country
from core.crypto import CannotUnseal
from core.money import dollars
from core.queue import enqueue_on_commit
from rentals import journal, ledger
from rentals.models import Purchase
from rentals.operations import evidence, fairuse, goods, queueing, unknown
from rentals.states import PurchaseState

logger = logging.getLogger(__name__)

MAX_SENDS = 3
KEPT_ANSWER = 64 * 1024
BY = "worker"
CATALOGUE_IS_WRONG = (
    "not_offered",
    "price_rose",
    "price_zero",
)  # says why a purchase was abandoned

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
    if fairuse.is_stopped(purchase.account):
        _abandon(purchase, "buying_stopped")
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
    if fairuse.is_stopped(purchase.account):  # while the provider was asked
        _abandon(purchase, "buying_stopped")
        return
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
        elif cost <= 0:
            # Nothing is sold for nothing: the answer is wrong, and what it really costs unknown.
            _abandon(purchase, "price_zero")
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
    if not _claim_lasts(purchase):
        _unsend(purchase, "held_up")
        return
    try:
        answer = client.send(call)
    except smsbus.NotSent:
        _unsend(purchase, "unreachable")
        return
    except smsbus.SmsBusError as error:
        _become_unknown(purchase, "answer_lost", error)
        return
    _keep_answer(purchase, answer)
    _settle(purchase, call, answer)


def _claim_lasts(purchase: Purchase) -> bool:
    """Whether the claim stands and is good for one whole call more.

    The row is asked too, because whoever ends claims may have another clock. Between this question
    and the first byte nothing else is waited for.
    """
    call_ends = timezone.now() + timedelta(seconds=settings.SMSBUS_DEADLINE)
    return Purchase.objects.filter(
        pk=purchase.pk, state=State.SENDING, claim=purchase.claim, claim_until__gte=call_ends
    ).exists()


def settle_by_kept_answer(*, purchase_id: int) -> bool:
    """Settle by its kept answer an unknown purchase whose worker died before it had read that.

    False where there is none that can be opened, and then nothing is changed. What cannot be
    understood leaves it ``unknown``. The worker may be alive after all: one of the two settles.
    """
    purchase = Purchase.objects.select_related(
        "team", "account", "country", "service", "reuse_of", "renews", "buyer"
    ).get(pk=purchase_id)
    if purchase.state != State.UNKNOWN:
        return False
    try:
        kept = purchase.answer()
        client = client_for(purchase.account)
    except CannotUnseal as error:
        logger.error("purchase %s: its kept answer is not read: %s", purchase.pk, error)
        return False
    if kept is None:
        return False
    head, _separator, body = kept.partition("\n\n")
    answer = smsbus.Answer(int(head.removeprefix("HTTP ")), {}, body.encode(), 0.0)
    _settle(purchase, goods.of(purchase).call(purchase, client), answer)
    return True


def _settle(purchase: Purchase, call: smsbus.Call[Any], answer: smsbus.Answer) -> None:
    """Write what the answer says about the purchase."""
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
    if isinstance(error, smsbus.NoNumbers | smsbus.NoServiceInCountry):
        _read_prices_again(purchase)


def _read_prices_again(purchase: Purchase) -> None:
    """What the purchase found is not what everybody is shown: read its country's prices after the commit."""
    if purchase.country_id:
        enqueue_on_commit(refresh_country, purchase.country_id, time.time())


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


def _unsend(purchase: Purchase, reason: str) -> None:
    """Nothing left this machine: take the send back; after the last try, give up.

    Where the sweep has called it ``unknown`` meanwhile, it is known now: not bought.
    """
    with transaction.atomic():
        if not _finish(purchase, State.HELD, reason=reason, claim=None, claim_until=None):
            return
        if purchase.state == State.NOT_BOUGHT:
            Purchase.objects.filter(pk=purchase.pk).update(ended_at=timezone.now())
            ledger.release(purchase)
            queueing.wake_queue(purchase.account_id)
        elif purchase.sends >= MAX_SENDS:
            _abandon(purchase, reason)


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
    late answer is the truth and may still say ``bought``, and so is the proof that nothing was sent.
    Where a person has decided meanwhile, their word stands and the answer is only noted.
    """
    if purchase.state == to:  # read from the kept answer, which does not help: never read again
        Purchase.objects.filter(pk=purchase.pk, state=to).update(reason=reason)
        journal.note(purchase, reason=reason, by=BY)
        return False
    changes |= {"by": BY, "only_if": {"claim": purchase.claim}}
    if purchase.state == State.SENDING and journal.move(
        purchase, to, reason=reason, data=data, **changes
    ):
        return True
    purchase.refresh_from_db(fields=["state"])
    unsent = to == State.HELD
    if purchase.state == State.UNKNOWN and to != State.UNKNOWN:
        settled_as = State.BOUGHT if to == State.BOUGHT else State.NOT_BOUGHT
        if journal.move(
            purchase, settled_as, reason=reason if unsent else "late_answer", **changes
        ):
            return True
    logger.error("purchase %s: answer came after it was %s", purchase.pk, purchase.state)
    noted = reason if unsent else "answer_after_end"
    journal.note(purchase, reason=noted, data={"answer": to}, by=BY)
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
            if reason in CATALOGUE_IS_WRONG:
                _read_prices_again(purchase)
