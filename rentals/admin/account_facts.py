"""What was learned about provider accounts by using them."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from rentals.models import BalanceSnapshot, ServiceBlock


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
