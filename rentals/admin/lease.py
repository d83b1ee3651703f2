"""Leases, and what was learned about provider accounts."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from rentals.models import BalanceSnapshot, Lease, ServiceBlock


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin[Lease]):
    list_display = (
        "mobile_number",
        "area_code",
        "state",
        "team",
        "account",
        "expire_at",
        "keep_at",
    )
    list_filter = ("state", "area_code")
    list_select_related = ("team", "account")
    search_fields = ("mobile_number", "team__name", "=team__slug")
    date_hierarchy = "created"


@admin.register(BalanceSnapshot)
class BalanceSnapshotAdmin(ReadOnlyAdmin[BalanceSnapshot]):
    list_display = ("at", "account", "balance", "frozen", "ledger_total", "drift")
    list_select_related = ("account",)
    list_filter = (("drift", admin.EmptyFieldListFilter),)
    search_fields = ("account__name", "=account__team__slug")
    date_hierarchy = "at"
    ordering = ("-pk",)


@admin.register(ServiceBlock)
class ServiceBlockAdmin(ReadOnlyAdmin[ServiceBlock]):
    list_display = ("service", "account", "until")
    list_select_related = ("service", "account")
