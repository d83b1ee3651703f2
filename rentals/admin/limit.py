"""Limits of teams and of members. Staff may change them, as owners and admins of the team do."""

from django.contrib import admin

from rentals.models import Limit


@admin.register(Limit)
class LimitAdmin(admin.ModelAdmin[Limit]):
    """One row for a team, and one for each member with limits of their own."""

    list_display = ("team", "member", "per_purchase", "per_day", "per_month", "open_at_once")
    list_select_related = ("team", "member")
    search_fields = ("team__name", "=team__slug", "=member__email")
    autocomplete_fields = ("team", "member")
