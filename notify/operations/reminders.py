"""What nobody does and time or the provider's figures bring about: leases that end, money that drifted."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from core.moments import format_day
from core.money import format_usd
from notify.models import Kind, Notification
from notify.operations.telling import managers_of, notify
from rentals.models import BalanceSnapshot, Lease
from rentals.states import LeaseState

logger = logging.getLogger(__name__)

AHEAD = (timedelta(days=1), timedelta(days=7))  # the nearer one first
DRIFT_IS_NEWS = timedelta(days=2)

RENEWS = gettext_noop("+%(number)s renews itself on %(day)s")
ENDS = gettext_noop("The lease of +%(number)s ends on %(day)s")
GONE = gettext_noop("+%(number)s is given to others on %(day)s unless it is renewed")


@dataclass(frozen=True, slots=True)
class Date:
    """A moment that somebody is reminded of; ``what`` is the sentence for it."""

    what: str
    moment: datetime


def remind_of_leases(now: datetime) -> None:
    """Tell seven days and one day ahead that a number's lease, or its week of grace, ends.

    A renewal moves the date, and so begins anew. One lease that cannot be told of stops no other.
    """
    until = now + max(AHEAD)
    ending = Q(state=LeaseState.ACTIVE, expire_at__gt=now, expire_at__lte=until)
    leaving = Q(state=LeaseState.GRACE, keep_at__gt=now, keep_at__lte=until)
    leases = Lease.objects.filter(ending | leaving)
    for lease in leases.select_related("team", "purchase__buyer", "purchase__holder"):
        try:
            _remind(lease, _date_of(lease), now)
        except Exception:
            logger.exception("reminders: lease %s", lease.pk)


def _date_of(lease: Lease) -> Date:
    if lease.state == LeaseState.GRACE:
        return Date(GONE, lease.keep_at)
    return Date(RENEWS if lease.auto_renew else ENDS, lease.expire_at)


def _remind(lease: Lease, date: Date, now: datetime) -> None:
    days = next(ahead.days for ahead in AHEAD if date.moment - now <= ahead)
    key = f"lease:{lease.pk}:{lease.state}:{date.moment:%Y-%m-%d}:{days}"
    if Notification.objects.filter(team=lease.team_id, key=key).exists():
        return
    notify(
        team_id=lease.team_id,
        users=_who_cares(lease),
        kind=Kind.LEASE_ENDS,
        key=key,
        title=lambda: _(date.what) % {"number": lease.number, "day": format_day(date.moment)},
        body=lambda: _("Renew it on its page if you still need it; what it costs is shown there."),
        url=lease.get_absolute_url(),
    )


def _who_cares(lease: Lease) -> Iterable[User]:
    members = lease.team.members.filter(pk=lease.purchase.whose.pk, is_active=True)
    return [*managers_of(lease.team_id), *members]


def tell_of_drift(now: datetime) -> None:
    """Tell owners and admins of money that came or went past the ledger, once for each finding."""
    found = BalanceSnapshot.objects.unexplained().filter(taken_at__gt=now - DRIFT_IS_NEWS)
    for snapshot in found.select_related("account__team"):
        try:
            _tell_of_drift(snapshot)
        except Exception:
            logger.exception("drift: snapshot %s", snapshot.pk)


def _tell_of_drift(snapshot: BalanceSnapshot) -> None:
    account = snapshot.account
    key = f"drift:{snapshot.pk}"
    if Notification.objects.filter(team=account.team_id, key=key).exists():
        return
    figures = {"account": account.name, "amount": format_usd(snapshot.size)}
    went = snapshot.drift is not None and snapshot.drift < 0
    left = gettext_noop("%(amount)s left %(account)s past the ledger")
    came = gettext_noop("%(amount)s came to %(account)s past the ledger")
    notify(
        team_id=account.team_id,
        users=managers_of(account.team_id),
        kind=Kind.DRIFT_FOUND,
        key=key,
        title=lambda: _(left if went else came) % figures,
        body=lambda: _("Its page says between which readings, and takes an explanation."),
        url=reverse("rentals:account_money", args=[account.team.slug, account.pk]),
    )
