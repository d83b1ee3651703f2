"""The ledger and its roll-up. The database refuses changes too; here nobody is even offered one."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin, ReadOnlyInline
from rentals.admin.search import NumberSearchAdmin
from rentals.models import LedgerEntry, MemberDay


class EntriesInline(ReadOnlyInline[LedgerEntry]):
    """The money of a purchase."""

    model = LedgerEntry
    fields = ("created", "kind", "amount")
    ordering = ("pk",)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(NumberSearchAdmin[LedgerEntry]):
    list_display = ("created", "kind", "amount", "purchase", "team", "account")
    list_filter = ("kind",)
    list_select_related = ("purchase__service", "purchase__country", "team", "account")
    search_fields = (
        "=purchase__code",
        "purchase__activation__number",
        "=purchase__activation__request_id",
        "=purchase__buyer__email",
    )
    date_hierarchy = "created"
    ordering = ("-pk",)


@admin.register(MemberDay)
class MemberDayAdmin(ReadOnlyAdmin[MemberDay]):
    list_display = (
        *("day", "team", "member", "purchases"),
        *("held", "charged", "released", "refunded", "lost"),
    )
    list_select_related = ("team", "member")
    search_fields = ("team__name", "=team__slug", "=member__email")
    date_hierarchy = "day"
    ordering = ("-day", "team", "member")
