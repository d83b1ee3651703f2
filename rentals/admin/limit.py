"""Limits of teams and of members. Staff may change them, as owners and admins of the team do."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.audit.staff import AuditedAdmin
from rentals.models import Limit
from rentals.operations.limits import hold_purchases


@admin.register(Limit)
class LimitAdmin(AuditedAdmin[Limit]):
    """One row for a team, and one for each member with limits of their own.

    Django saves and deletes in a transaction, under the lock that purchases are written under.
    """

    list_display = ("team", "member", "per_purchase", "per_day", "per_month", "open_at_once")
    list_select_related = ("team", "member")
    search_fields = ("team__name", "=team__slug", "=member__email")

    def get_readonly_fields(self, request: HttpRequest, obj: Limit | None = None) -> Any:
        """Whose limits they are stays."""
        return () if obj is None else ("team", "member")

    def save_model(self, request: HttpRequest, obj: Limit, form: Any, change: bool) -> None:
        """Set the limits for all purchases that are written from now on."""
        hold_purchases(obj.team_id)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Limit) -> None:
        """Take the limits away."""
        hold_purchases(obj.team_id)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Limit]) -> None:
        """Take the limits of several away, the teams in the order of their keys."""
        for team_id in queryset.order_by("team").values_list("team", flat=True).distinct():
            hold_purchases(team_id)
        super().delete_queryset(request, queryset)
