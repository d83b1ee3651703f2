"""What the provider said that accounts hold, and what did not fit the ledger."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from accounts.access import get_user
from core.admin import DaysFilter, ReadOnlyAdmin
from core.deeds import Deed
from core.money import format_usd
from rentals.models import BalanceSnapshot
from rentals.models.snapshot import SnapshotQuerySet
from rentals.operations.drift import explain_drift
from rentals.operations.errors import Refusal


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


class ExplanationForm(forms.Form):
    """What it was, for the people of the team to read."""

    explanation = forms.CharField(
        label=_("What was it?"),
        max_length=BalanceSnapshot._meta.get_field("explanation").max_length,
    )


def _explain(request: HttpRequest, snapshot: BalanceSnapshot, fields: dict[str, Any]) -> str:
    explain_drift(snapshot=snapshot, actor=get_user(request), explanation=fields["explanation"])
    return gettext("Noted. The difference is no longer pointed out.")


EXPLAIN = Deed(
    key="explain",
    label=_("Explain the difference"),
    needs="rentals.change_balancesnapshot",
    explain=lambda snapshot: (
        gettext(
            "%(difference)s came or went by other hands than ours. Explaining it moves no money: the "
            "difference is no longer pointed out, and the team reads what it was."
        )
        % {"difference": format_usd(snapshot.drift)}
    ),
    do=_explain,
    form=ExplanationForm,
    applies=lambda snapshot: bool(snapshot.drift) and snapshot.explained_at is None,
    refusals=(Refusal,),
)


@admin.register(BalanceSnapshot)
class BalanceSnapshotAdmin(ReadOnlyAdmin[BalanceSnapshot]):
    list_display = (
        *("taken_at", "confirmed_at", "account", "team", "balance", "frozen", "spent"),
        *("drift", "since", "until", "explanation"),
    )
    list_filter = (
        DriftFilter,
        ("account", AutocompleteSelectFilter),
        ("taken_at", DaysFilter),
    )
    list_select_related = ("account__team",)
    search_fields = (
        *("=account__id", "account__name", "account__team__name", "=account__team__slug"),
        "explanation",
    )
    date_hierarchy = "taken_at"
    ordering = ("-pk",)
    exclude = ("token_mark",)
    deeds = (EXPLAIN,)

    @admin.display(description=_("team"))
    def team(self, snapshot: BalanceSnapshot) -> str:
        """Whose account it is."""
        return str(snapshot.account.team)
