"""The work lists: what waits for a person, with how much of it there is beside each link."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from accounts.models import ProviderAccount
from rentals import stuck
from rentals.models import BalanceSnapshot, Purchase
from rentals.states import PurchaseState

MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Work:
    """One list: its name, where it is, and the rows that wait."""

    key: str
    title: str | Promise
    icon: str
    model: str
    query: str
    rows: Callable[[], QuerySet[Any]]

    @property
    def link(self) -> str:
        """The admin's list, filtered."""
        return reverse(f"admin:{self.model.replace('.', '_')}_changelist") + self.query

    @property
    def needs(self) -> str:
        """The permission without which there is nothing to see."""
        app, name = self.model.split(".")
        return f"{app}.view_{name}"


def _unknown() -> QuerySet[Purchase]:
    return Purchase.objects.filter(state=PurchaseState.UNKNOWN)


LISTS = (
    Work(
        *("unknown", _("Unknown outcomes"), "help", "rentals.purchase", "?state__exact=unknown"),
        _unknown,
    ),
    Work(
        *("drift", _("Drift to explain"), "balance", "rentals.balancesnapshot"),
        "?drift=unexplained",
        lambda: BalanceSnapshot.objects.unexplained(),
    ),
    Work(
        *("suspended", _("Suspended accounts"), "key_off", "accounts.provideraccount"),
        "?state__exact=suspended",
        lambda: ProviderAccount.objects.filter(state=ProviderAccount.State.SUSPENDED),
    ),
    Work(
        *("queued", _("Queued purchases"), "hourglass", "rentals.purchase", "?work=queued"),
        stuck.queued_purchases,
    ),
    Work(
        *("stuck", _("Stuck purchases"), "running_with_errors", "rentals.purchase"),
        "?work=stuck",
        stuck.stuck_purchases,
    ),
    Work(
        *("numbers", _("Stuck numbers"), "timer_off", "rentals.activation", "?work=stuck"),
        stuck.stuck_numbers,
    ),
    Work(
        *("leases", _("Stuck leases"), "event_busy", "rentals.lease", "?work=stuck"),
        stuck.stuck_leases,
    ),
    Work(
        *("deliveries", _("Failed deliveries"), "unsubscribe", "notify.delivery"),
        "?state__exact=failed",
        # By its name, for notify stands above.
        lambda: apps.get_model("notify", "Delivery").objects.filter(state="failed"),
    ),
)


def count_work() -> dict[str, int]:
    """How much waits on each list, up to a hundred; one query, each part of it from an index."""
    parts, values = [], []
    for work in LISTS:
        rows = work.rows().order_by().values(one=Value(1))[:MOST_COUNTED]
        sql, params = rows.query.get_compiler(connection=connection).as_sql()
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) counted)")  # noqa: S608  # nosec B608  Django's own SQL
        values += params
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        counts = cursor.fetchone()
    return {work.key: count for work, count in zip(LISTS, counts, strict=True)}


class WorkFilter(DropdownFilter):
    """Only the rows of a work list; subclasses name them."""

    title = _("work to do")
    parameter_name = "work"
    lists: dict[str, tuple[Any, Callable[[], QuerySet[Any]]]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [(key, title) for key, (title, _rows) in self.lists.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Only what was chosen."""
        if self.value() not in self.lists:
            return queryset
        _title, rows = self.lists[self.value()]
        return queryset.filter(pk__in=rows().order_by().values("pk"))


class PurchaseWorkFilter(WorkFilter):
    """Queued or stuck purchases."""

    lists = {
        "queued": (_("queued"), stuck.queued_purchases),
        "stuck": (_("stuck"), stuck.stuck_purchases),
    }


class NumberWorkFilter(WorkFilter):
    """Stuck numbers."""

    lists = {"stuck": (_("stuck"), stuck.stuck_numbers)}


class LeaseWorkFilter(WorkFilter):
    """Stuck leases."""

    lists = {"stuck": (_("stuck"), stuck.stuck_leases)}
