"""The ledger and its roll-up. The database refuses changes too; here nobody is even offered one."""

from django.contrib import admin
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin import DaysFilter, ReadOnlyAdmin, ReadOnlyInline
from rentals.admin import statements
from rentals.admin.search import FoundByPurchase
from rentals.models import LedgerEntry, MemberDay, TripDay


class EntriesInline(ReadOnlyInline[LedgerEntry]):
    """The money of a purchase."""

    model = LedgerEntry
    fields = ("created", "kind", "amount")
    ordering = ("pk",)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(FoundByPurchase[LedgerEntry]):
    list_display = ("created", "kind", "amount", "purchase", "team", "account")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("team", AutocompleteSelectFilter),
        ("account", AutocompleteSelectFilter),
        ("created", DaysFilter),
    )
    list_select_related = ("purchase__service", "purchase__country", "team", "account")
    date_hierarchy = "created"
    ordering = ("-pk",)

    def get_urls(self) -> list[URLPattern]:
        """And the statements, which add these entries up."""
        view, name = self.admin_site.admin_view, "rentals_ledgerentry_statements"
        return [
            path("statements/", view(statements.statements), name=name),
            path(
                "statements/<slug:kind>/",
                view(statements.export_statements),
                name=f"{name}_export",
            ),
            *super().get_urls(),
        ]


@admin.register(MemberDay)
class MemberDayAdmin(ReadOnlyAdmin[MemberDay]):
    list_display = (
        *("day", "team", "member", "purchases"),
        *("held", "charged", "released", "refunded", "lost"),
    )
    list_filter = (
        ("team", AutocompleteSelectFilter),
        ("member", AutocompleteSelectFilter),
        ("day", DaysFilter),
    )
    list_select_related = ("team", "member")
    search_fields = ("team__name", "=team__slug", "=member__email")
    date_hierarchy = "day"
    ordering = ("-day", "team", "member")


@admin.register(TripDay)
class TripDayAdmin(ReadOnlyAdmin[TripDay]):
    list_display = (
        *("day", "team", "buyer", "account", "service", "country", "area_code", "purchases"),
        *("delivered", "failed", "cancelled", "expired", "charged", "refunded", "lost"),
    )
    list_select_related = ("team", "buyer", "account", "service", "country")
    search_fields = ("team__name", "=team__slug", "=buyer__email", "service__title")
    date_hierarchy = "day"
    ordering = ("-day", "team", "pk")
