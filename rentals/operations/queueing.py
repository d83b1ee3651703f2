"""When a held purchase may be sent: free slots, first come first served, and nothing unexplained.

How many numbers an account may have open at once is nowhere documented; the provider's "too many
waiting requests" (50104) teaches it. Such a purchase is not lost: it was refused, so another one
takes its place and waits here, unsent. One purchase is still one send.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

import smsbus
from accounts.models import ProviderAccount
from catalog.models import Service
from core.queue import enqueue_on_commit
from rentals import journal, ledger
from rentals.models import Activation, Purchase, ServiceBlock
from rentals.states import ActivationState, PurchaseState

QUEUED = "queued"
ACCOUNT_WAITS = "account_waits"
WAITING_REASONS = (QUEUED, ACCOUNT_WAITS)
LESSON_GOOD_FOR = timedelta(hours=1)  # the provider may have raised the limit meanwhile
BLOCK = timedelta(hours=24)


def reason_to_wait(purchase: Purchase) -> str:
    """Return why a held purchase may not be sent yet; "" when it may.

    ``account_waits``: the outcome of an earlier purchase of the kind on the account is being found
    out, which another buy would blur. ``queued``: all slots are taken, or others came first.
    """
    alike = Purchase.objects.filter(account=purchase.account)
    alike = alike.of_leases() if purchase.is_of_lease else alike.of_numbers()
    if alike.filter(being_found_out()).exists():
        return ACCOUNT_WAITS
    if purchase.is_of_lease:
        return ""  # the limit is one of open numbers for one SMS
    free = free_slots(purchase.account)
    if free is not None and place_in_queue(purchase) > free:
        return QUEUED
    return ""


def being_found_out() -> Q:
    """Unknown purchases whose outcome will be looked for soon, on an otherwise quiet account."""
    return Q(state=PurchaseState.UNKNOWN, look_again_at__isnull=False) & ~Q(reason="orphaned")


def known_limit(account: ProviderAccount) -> int | None:
    """Return how many numbers may be open at once on ``account``; None while that is not known.

    What was learned longer ago than ``LESSON_GOOD_FOR`` is known no more.
    """
    if account.slots_at is None or timezone.now() - account.slots_at > LESSON_GOOD_FOR:
        return None
    return account.slots


def free_slots(account: ProviderAccount) -> int | None:
    """Return how many more numbers may be open on ``account``; None while no limit is known."""
    limit = known_limit(account)
    return None if limit is None else max(0, limit - _taken(account))


def place_in_queue(purchase: Purchase) -> int:
    """Return the place of a held purchase among those of its account: 1 is the next to be sent."""
    before = Purchase.objects.of_numbers().filter(
        account_id=purchase.account_id,
        state=PurchaseState.HELD,
        pk__lt=purchase.pk,
    )
    return before.count() + 1


def places_in_queue(purchases: Iterable[Purchase]) -> dict[int, int]:
    """Return the places of those that wait in a queue, by primary key; one query, or none."""
    queued = [purchase for purchase in purchases if purchase.reason == QUEUED and purchase.is_open]
    if not queued:
        return {}
    held = Purchase.objects.of_numbers().filter(
        account__in={purchase.account_id for purchase in queued}, state=PurchaseState.HELD
    )
    lines: dict[uuid.UUID, list[int]] = defaultdict(list)
    for account_id, pk in held.order_by("pk").values_list("account_id", "pk"):
        lines[account_id].append(pk)
    return {
        purchase.pk: lines[purchase.account_id].index(purchase.pk) + 1
        for purchase in queued
        if purchase.pk in lines[purchase.account_id]
    }


def wake_queue(account_id: uuid.UUID) -> None:
    """A slot has become free: wake who is next, on commit. Leases need no slot."""
    from rentals import tasks  # the tasks import the operations

    waiting = Purchase.objects.of_numbers().filter(
        account_id=account_id, state=PurchaseState.HELD, reason__in=WAITING_REASONS
    )
    following = waiting.order_by("pk").values_list("pk", flat=True).first()
    if following is not None:
        enqueue_on_commit(tasks.send_purchase, following)


def learn_slots(account: ProviderAccount) -> bool:
    """Take a 50104 as a lesson: what we have open is the limit. False where that says nothing.

    With nothing of ours open, somebody else has taken the slots, and there is nothing to wait for
    that we could see.
    """
    taken = _taken(account)
    if not taken:
        return False
    account.slots, account.slots_at = taken, timezone.now()
    account.save(update_fields=["slots", "slots_at"])
    return True


def queue_again(purchase: Purchase) -> Purchase:
    """Let another purchase take the place of a refused one, in the caller's transaction.

    It holds what the refused one has just given back, so no limit is asked: one query of theirs
    sees either of the two.
    """
    from rentals import tasks  # the tasks import the operations

    now = timezone.now()
    Purchase.objects.filter(pk=purchase.pk).update(put_away_at=now)
    successor = Purchase.objects.create(
        team_id=purchase.team_id,
        buyer_id=purchase.buyer_id,
        account_id=purchase.account_id,
        kind=purchase.kind,
        country_id=purchase.country_id,
        service_id=purchase.service_id,
        reuse_of_id=purchase.reuse_of_id,
        reusable_only=purchase.reusable_only,
        quoted=purchase.quoted,
        client_key=uuid.uuid5(purchase.client_key, str(purchase.pk)),
        instead_of=purchase,
        reason=QUEUED,
    )
    journal.note(successor, to_state=PurchaseState.HELD, reason=QUEUED, by="worker")
    ledger.hold(successor)
    enqueue_on_commit(tasks.send_purchase, successor.pk)
    return successor


def block_service(purchase: Purchase, error: smsbus.ServiceBlocked) -> None:
    """Note until when the provider blocks the account from a service (50214).

    At most for the documented 24 hours: the moment is read from a message that can say anything.
    """
    longest = timezone.now() + BLOCK
    ServiceBlock.objects.update_or_create(
        account=purchase.account,
        service=purchase.service,
        defaults={"until": min(error.until or longest, longest)},
    )


def blocked_until(account: ProviderAccount, service_id: int) -> ServiceBlock | None:
    """Return the block of a service on ``account`` that stands now, if any."""
    return ServiceBlock.objects.filter(
        account=account, service_id=service_id, until__gt=timezone.now()
    ).first()


def block_end(account: ProviderAccount | None, service: str = "service") -> Subquery:
    """Return when the block of a row's ``service`` on ``account`` ends, or None, to annotate with."""
    blocks = ServiceBlock.objects.filter(
        account=account, service=OuterRef(service), until__gt=timezone.now()
    )
    return Subquery(blocks.values("until")[:1])


def with_block(account: ProviderAccount | None) -> QuerySet[Service]:
    """Return services, each with ``blocked_until``: when its block on ``account`` ends, or None."""
    return Service.objects.annotate(blocked_until=block_end(account, "pk"))


def say_waiting(purchase: Purchase, reason: str) -> None:
    """Show on the page why a held purchase waits; an event for each new reason."""
    with transaction.atomic():
        held = Purchase.objects.filter(pk=purchase.pk, state=PurchaseState.HELD)
        if held.exclude(reason=reason).update(reason=reason):
            purchase.reason = reason
            journal.note(purchase, reason=reason, by="worker")


def _taken(account: ProviderAccount) -> int:
    waiting = Activation.objects.filter(
        account=account, state__in=(ActivationState.WAITING, ActivationState.CANCELLING)
    )
    sending = Purchase.objects.of_numbers().filter(account=account, state=PurchaseState.SENDING)
    return waiting.count() + sending.count()
