"""Long-term numbers, and the messages that came to them."""

from django.contrib import admin

from rentals.admin.activation import MessageInline
from rentals.admin.search import NumberSearchAdmin
from rentals.models import Lease


@admin.register(Lease)
class LeaseAdmin(NumberSearchAdmin[Lease]):
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
    list_filter = ("state", "auto_renew")
    list_select_related = ("team", "account")
    search_fields = ("number", "=purchase__order_id", "=purchase__buyer__email", "=code")
    date_hierarchy = "begin_at"
    ordering = ("-pk",)
    readonly_fields = ("code",)
    exclude = ("public_link",)
    inlines = (MessageInline,)
