"""What happens to a long-term number: giving it back, its public link, and what a member asks for."""

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

import smsbus
from accounts import operations as accounts
from accounts.models import User
from accounts.provider import client_for
from accounts.tasks import refresh_balance
from core.queue import enqueue_on_commit
from rentals import journal, ledger
from rentals.models import Lease, Purchase
from rentals.operations import orders
from rentals.operations.errors import Refusal
from rentals.states import LeaseState

logger = logging.getLogger(__name__)

State = LeaseState
BY = "worker"
# Why the provider keeps an order that it was asked to cancel.
REASONS: dict[type[smsbus.ProviderError], str] = {
    smsbus.OrderClosed: "cancel_too_late",
    smsbus.SmsReceived: "cancel_sms_came",
    smsbus.CancelledTooOften: "cancel_too_often",
}


def request_cancel(*, lease: Lease, actor: User) -> bool:
    """Ask for a lease to be given back; a worker does it. False when it is too late for that."""
    from rentals import tasks  # the tasks import the operations

    if not lease.can_cancel:
        return False
    with transaction.atomic():
        asked = journal.move(lease, State.CANCELLING, actor=actor, cancel_asked_at=timezone.now())
        if asked:
            enqueue_on_commit(tasks.send_lease_cancel, lease.pk)
    return asked


def send_cancel(*, lease_id: int) -> None:
    """Cancel at the provider. Whatever it answers but a success, its list of orders has the truth.

    Cancelling twice does no more than once, so where even the list does not answer, the sweep tries
    again. Never raises for anything the provider does.
    """
    lease = Lease.objects.select_related("account", "purchase").get(pk=lease_id)
    if lease.state != State.CANCELLING or not lease.account.is_active:
        return
    client = client_for(lease.account)
    try:
        refused = _cancel(client, lease)
        if refused is None or _is_cancelled(client, lease):
            end_cancelled(lease_id=lease.pk, by=BY)
        elif refused:
            _keep(lease, refused)
    except smsbus.WrongToken as error:
        accounts.suspend_account(account=lease.account, code=str(error.code))
    except (smsbus.SmsBusError, orders.TooMany) as error:
        logger.warning("lease %s: cancel: %s", lease.pk, type(error).__name__)


def _cancel(client: smsbus.Client, lease: Lease) -> str | None:
    """None where the provider cancelled it now, its reason where it refused, "" where nobody knows."""
    try:
        client.rent_cancel_order(lease.purchase.order_id)
    except smsbus.WrongToken:
        raise
    except smsbus.SmsBusError as error:
        return REASONS.get(type(error), "")  # type: ignore[arg-type]
    return None


def _is_cancelled(client: smsbus.Client, lease: Lease) -> bool:
    wanted = lease.purchase.order_id
    status = (o.status for o in orders.list_orders(client) if o.order_id == wanted)
    return next(status, "") == orders.CANCELLED


def end_cancelled(*, lease_id: int, by: str) -> bool:
    """The order is cancelled: what was paid for it came back. False when that is known already."""
    with transaction.atomic():
        # The purchase first: whoever writes money locks it.
        purchase = Purchase.objects.select_for_update().get(lease=lease_id)
        lease = Lease.objects.select_for_update().get(pk=lease_id)
        if lease.state not in (State.ACTIVE, State.CANCELLING):
            return False
        journal.move(lease, State.CANCELLED, by=by, closed_at=timezone.now())
        ledger.refund(purchase)
        enqueue_on_commit(refresh_balance, str(lease.account_id))
    return True


def _keep(lease: Lease, reason: str) -> None:
    with transaction.atomic():
        journal.move(lease, State.ACTIVE, reason=reason, by=BY, cancel_asked_at=None)


def set_public(*, lease: Lease, is_public: bool, actor: User) -> None:
    """Let anyone with the link read the number's SMS, or stop that. Moves no money.

    Calls the provider: not in a transaction. Raises ``Refusal`` where it does not do it; setting it
    once more does no harm.
    """
    if not lease.is_kept or not lease.account.is_active:
        raise Refusal(
            _("The provider cannot be asked about this number at the moment. Nothing was changed.")
        )
    try:
        status = client_for(lease.account).rent_change_link_status(
            lease.area_code, lease.mobile_number, is_public
        )
    except smsbus.LeaseNotFound:
        raise Refusal(_("The provider no longer leases this number to you.")) from None
    except smsbus.SmsBusError:
        raise Refusal(
            _("The provider did not answer, so the link may be as it was. Try again in a moment.")
        ) from None
    with transaction.atomic():
        Lease.objects.filter(pk=lease.pk).update(is_public=status)
        journal.note(lease, reason="link_on" if status else "link_off", actor=actor)
    lease.is_public = status
