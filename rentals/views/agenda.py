"""What happens to long-term numbers when: their dates by month, in the reader's time zone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.utils import timezone

from rentals.models import Lease
from rentals.states import LeaseState

DATES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Date:
    """A moment in the life of a lease. ``what``: it ``renews`` itself, ``ends``, or is ``gone``."""

    moment: datetime
    lease: Lease
    what: str

    @property
    def day(self) -> date:
        """Its day where the reader is."""
        return timezone.localtime(self.moment).date()


@dataclass(frozen=True, slots=True)
class Month:
    """The dates of one month, by the first day of it."""

    first: date
    dates: list[Date]


def agenda_of(leases: Iterable[Lease]) -> list[Month]:
    """Return the next dates of ``leases`` by month; those that are over already have none."""
    now = timezone.now()
    found = [date for lease in leases for date in _dates(lease) if date.moment > now]
    found.sort(key=lambda date: (date.moment, date.lease.pk))
    by_month = groupby(found[:DATES_SHOWN], key=lambda date: date.day.replace(day=1))
    return [Month(first, list(dates)) for first, dates in by_month]


def _dates(lease: Lease) -> list[Date]:
    if lease.state == LeaseState.CANCELLING:
        return []
    if lease.auto_renew and lease.state == LeaseState.ACTIVE:
        return [Date(lease.expire_at, lease, "renews")]
    return [Date(lease.expire_at, lease, "ends"), Date(lease.keep_at, lease, "gone")]
