"""What the provider said that accounts hold, and what did not fit the ledger."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin import ReadOnlyAdmin
from rentals.models import BalanceSnapshot
from rentals.models.snapshot import SnapshotQuerySet


class DriftFilter(admin.SimpleListFilter):
    """Drift, what nobody has explained of it, and what cannot be said yet."""

    title = _("drift")
    parameter_name = "drift"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [
            ("any", _("drift")),
            ("unexplained", _("not explained")),
            ("open", _("cannot be said yet")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Only what was chosen."""
        snapshots: SnapshotQuerySet = queryset  # type: ignore[assignment]
        if self.value() == "any":
            return snapshots.with_drift()
        if self.value() == "unexplained":
            return snapshots.unexplained()
        if self.value() == "open":
            return snapshots.filter(drift=None)
        return queryset


@admin.register(BalanceSnapshot)
class BalanceSnapshotAdmin(ReadOnlyAdmin[BalanceSnapshot]):
    list_display = (
        *("taken_at", "confirmed_at", "account", "team", "balance", "frozen", "spent"),
        *("drift", "since", "until", "explanation"),
    )
    list_filter = (DriftFilter,)
    list_select_related = ("account__team",)
    search_fields = (
        *("=account__id", "account__name", "account__team__name", "=account__team__slug"),
        "explanation",
    )
    date_hierarchy = "taken_at"
    ordering = ("-pk",)
    exclude = ("token_mark",)

    @admin.display(description=_("team"))
    def team(self, snapshot: BalanceSnapshot) -> str:
        """Whose account it is."""
        return str(snapshot.account.team)
