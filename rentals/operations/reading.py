"""What the provider says about long-term numbers: their dates, their orders, and their SMS.

Dates and orders are read from time to time and after each purchase, inboxes more often and when a
page is opened. Each number is written by itself, so that one bad row never stops the others.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

import smsbus
from accounts import operations as accounts
from accounts.models import ProviderAccount, Team
from accounts.provider import client_for
from accounts.tasks import refresh_balance
from core.queue import enqueue_on_commit
from live import bus
from rentals import journal, ledger
from rentals.codes import find_code
from rentals.models import Lease, LedgerEntry, Message, Purchase
from rentals.operations import orders
from rentals.operations.lease import end_cancelled
from rentals.states import PURCHASE_UNDECIDED, LeaseState, PurchaseState

logger = logging.getLogger(__name__)

State = LeaseState
BY = "reading"
# A lease is let go of only when it is over by any clock.
CLOCKS_MAY_DIFFER = timedelta(hours=1)
JUST_READ = timedelta(seconds=10)
SMS_PAGE = 100
MOST_SMS_PAGES = 10

Listed = dict[tuple[str, str], smsbus.Lease]


def find_accounts() -> list[str]:
    """Return the accounts that have numbers to look after, for a task each."""
    leases = Lease.objects.kept().filter(account__in=ProviderAccount.objects.usable())
    return [str(pk) for pk in leases.order_by().values_list("account", flat=True).distinct()]


def ask_for_reading(team: Team) -> None:
    """Somebody looks: have the inboxes read that were not read a moment ago."""
    from rentals import tasks  # the tasks import the operations

    before = timezone.now() - JUST_READ
    due = team.leases.kept().filter(Q(read_at=None) | Q(read_at__lt=before))
    for account in due.order_by().values_list("account", flat=True).distinct():
        enqueue_on_commit(tasks.read_inboxes, str(account))


def read_leases(*, account_id: str) -> None:
    """Take over what the provider says about an account's leases and orders. Safe at any time.

    Never raises for anything the provider does: what cannot be read stays as it is.
    """
    account = _usable(account_id)
    if account is None:
        return
    client, started = client_for(account), timezone.now()
    try:
        listed = _list_numbers(client)
        cancelled = [o.order_id for o in orders.list_orders(client) if o.status == orders.CANCELLED]
    except smsbus.WrongToken as error:
        accounts.suspend_account(account=account, code=str(error.code))
        return
    except (smsbus.SmsBusError, orders.TooMany) as error:
        logger.info("account %s: leases not read: %s", account.pk, type(error).__name__)
        return
    _take_back(account, cancelled)
    for lease in account.leases.kept().order_by("-pk"):
        row = listed.pop((lease.area_code, lease.mobile_number), None)
        try:
            _follow(lease.pk, row, started)
        except Exception:
            logger.exception("lease %s", lease.pk)


def _list_numbers(client: smsbus.Client) -> Listed:
    found: Listed = {}
    for number in range(1, orders.MOST_PAGES + 1):
        page = client.rent_list_number(only_active=False, page_num=number, page_size=orders.PAGE)
        found |= {(row.area_code, row.mobile_number): row for row in page.items}
        if not page.items or number >= page.total_pages:
            break
    return found


def _take_back(account: ProviderAccount, cancelled: list[str]) -> None:
    """Orders that are cancelled, here or on the provider's own site, give their money back."""
    refunded = LedgerEntry.objects.filter(account=account, kind=LedgerEntry.Kind.REFUND)
    bought = Purchase.objects.of_leases().filter(account=account, state=PurchaseState.BOUGHT)
    due = bought.filter(order_id__in=cancelled).exclude(pk__in=refunded.values("purchase"))
    for purchase in due.select_related("lease"):
        if purchase.kind == Purchase.Kind.LEASE:
            end_cancelled(lease_id=purchase.lease.pk, by=BY)
        else:
            _refund_renewal(purchase.pk)


def _refund_renewal(purchase_id: int) -> None:
    with transaction.atomic():
        purchase = Purchase.objects.select_for_update().get(pk=purchase_id)
        if purchase.entries.filter(kind=LedgerEntry.Kind.REFUND).exists():
            return
        ledger.refund(purchase)
        journal.note(purchase, reason="order_cancelled", by=BY)
        enqueue_on_commit(refresh_balance, str(purchase.account_id))


def _follow(lease_id: int, row: smsbus.Lease | None, started: datetime) -> None:
    """Bring a lease up to date with its row; without one by the dates that we know."""
    with transaction.atomic():
        lease = Lease.objects.select_for_update().select_related("purchase").get(pk=lease_id)
        renewing = lease.renewals.filter(Q(state__in=PURCHASE_UNDECIDED) | Q(ended_at__gte=started))
        if not lease.is_kept or renewing.exists():
            return  # what was read may be from before the renewal
        before = _shown(lease)
        if row is not None:
            lengthened = row.expire_at > lease.expire_at
            _copy(lease, row)
            if lengthened:
                data = {"expire_at": row.expire_at.isoformat()}
                journal.note(lease, reason="renewed_elsewhere", data=data, by=BY)
        to = _state_at(lease, timezone.now())
        if to != lease.state:
            closed = timezone.now() if to == State.RELEASED else None
            journal.move(lease, to, by=BY, closed_at=closed)
        elif _shown(lease) != before:
            journal.publish(lease.purchase)


def _copy(lease: Lease, row: smsbus.Lease) -> None:
    lease.expire_at, lease.keep_at = row.expire_at, row.keep_at
    lease.auto_renew, lease.is_public = row.auto_renew, row.allow_link
    lease.public_link = row.sms_link if len(row.sms_link) <= 500 else ""
    lease.area_name = lease.area_name or row.area_name[:120]
    lease.save(
        update_fields=[
            "expire_at",
            "keep_at",
            "auto_renew",
            "is_public",
            "public_link",
            "area_name",
        ]
    )


def _shown(lease: Lease) -> tuple[object, ...]:
    return lease.expire_at, lease.keep_at, lease.auto_renew, lease.is_public, lease.public_link


def _state_at(lease: Lease, now: datetime) -> LeaseState:
    if lease.state == State.CANCELLING:
        return State.CANCELLING
    if now < lease.expire_at:
        return State.ACTIVE
    return State.GRACE if now < lease.keep_at + CLOCKS_MAY_DIFFER else State.RELEASED


def read_inboxes(*, account_id: str) -> None:
    """Read the SMS of an account's leases, and store what is new. Safe at any time.

    Never raises for anything the provider does; when it does not answer, the rest waits for the
    next time.
    """
    account = _usable(account_id)
    if account is None:
        return
    client = client_for(account)
    # Those that waited longest come first, so that a provider that fails midway starves nobody.
    for lease in account.leases.kept().order_by("read_at", "pk").select_related("purchase"):
        try:
            store_messages(lease=lease, found=list(_list_sms(client, lease)))
        except smsbus.LeaseNotFound:
            store_messages(lease=lease, found=[])  # released: nothing more will come
        except smsbus.WrongToken as error:
            accounts.suspend_account(account=account, code=str(error.code))
            return
        except smsbus.SmsBusError as error:
            logger.info("lease %s: inbox not read: %s", lease.pk, type(error).__name__)
            return


def _list_sms(client: smsbus.Client, lease: Lease) -> Iterator[smsbus.LeaseSms]:
    """Yield the messages of a lease; no further than to a page that is known to its end."""
    for number in range(1, MOST_SMS_PAGES + 1):
        page = client.rent_list_sms(
            lease.area_code, lease.mobile_number, page_num=number, page_size=SMS_PAGE
        )
        yield from page.items
        if not page.items or number >= page.total_pages:
            return
        newest_first = page.items[0].receive_at > page.items[-1].receive_at
        known = {_digest(sms) for sms in page.items}
        stored = lease.messages.alike(known).count()
        if newest_first and stored == len(known):
            return


def store_messages(*, lease: Lease, found: list[smsbus.LeaseSms]) -> int:
    """Store each of ``found`` once, oldest first; return how many were new.

    The same text at the same second is the same message.
    """
    by_digest = {_digest(sms): sms for sms in found}
    with transaction.atomic():
        Lease.objects.select_for_update().get(pk=lease.pk)  # two readings: one after the other
        known = set(lease.messages.alike(by_digest).values_list("digest", flat=True))
        for digest in list(by_digest):
            if digest in known or Message.seal_digest(digest) in known:
                del by_digest[digest]
        # The list begins with the newest: of two in one second the one below came first.
        newest_last = reversed(by_digest.items())
        Message.objects.bulk_create(
            Message(
                lease=lease,
                team_id=lease.team_id,
                text=sms.content,
                code=find_code(sms.content),
                digest=digest,
                received_at=sms.receive_at,
            )
            for digest, sms in sorted(newest_last, key=lambda item: item[1].receive_at)
        )
        Lease.objects.filter(pk=lease.pk).update(read_at=timezone.now())
        if by_digest:
            journal.publish(lease.purchase)
            bus.publish(team_id=lease.team_id, topic="inbox")
    return len(by_digest)


def _digest(sms: smsbus.LeaseSms) -> str:
    return Message.digest_of(sms.content, sms.receive_at)


def _usable(account_id: str) -> ProviderAccount | None:
    return ProviderAccount.objects.usable().filter(pk=UUID(account_id)).first()
