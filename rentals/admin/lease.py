"""Long-term numbers, and the messages that came to them."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from rentals.admin.activation import MessageInline
from rentals.admin.search import FoundByPurchase
from rentals.admin.work import LeaseWorkFilter
from rentals.models import Lease


@admin.register(Lease)
class LeaseAdmin(FoundByPurchase[Lease]):
    """The public link is not among the fields: who has it reads the SMS."""

    list_display = (
        "__str__",
        "area_name",
        "state",
        "expire_at",
        "keep_at",
        "auto_renew",
        "team",
        "account",
    )
    list_filter = (
        LeaseWorkFilter,
        ("state", ChoicesDropdownFilter),
        "auto_renew",
        ("team", AutocompleteSelectFilter),
        ("account", AutocompleteSelectFilter),
    )
    list_select_related = ("team", "account")
    date_hierarchy = "begin_at"
    ordering = ("-pk",)
    readonly_fields = ("code",)
    exclude = ("public_link",)
    inlines = (MessageInline,)
