"""A purchase with its timeline, its money and its number."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from rentals.admin.event import Timeline
from rentals.admin.ledger import EntriesInline
from rentals.admin.search import NumberSearchAdmin
from rentals.models import Purchase
from rentals.wording import explain_purchase


@admin.register(Purchase)
class PurchaseAdmin(NumberSearchAdmin[Purchase]):
    """The raw answer of the provider is not among the fields: it is sealed, and stays so here."""

    list_display = (
        "code",
        "title",
        "place",
        "state",
        "number",
        "quoted",
        "cost",
        "buyer",
        "team",
        "created",
    )
    list_filter = ("state", "kind", "country")
    list_select_related = ("service", "country", "buyer", "team", "activation", "lease", "renews")
    search_fields = (
        "=code",
        "activation__number",
        "=activation__request_id",
        "lease__number",
        "renews__number",
        "=order_id",
        "=buyer__email",
        "=team__slug",
    )
    date_hierarchy = "created"
    ordering = ("-pk",)
    inlines = (Timeline, EntriesInline)
    readonly_fields = ("number", "in_words", "code", "created")
    exclude = ("put_away_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Purchase]:
        related = self.list_select_related
        return super().get_queryset(request).select_related(*related, "account", "reuse_of")

    @admin.display(description=_("number"))
    def number(self, purchase: Purchase) -> str:
        lease = purchase.renews or getattr(purchase, "lease", None)
        goods = lease or getattr(purchase, "activation", None)
        if goods is None:
            return ""
        page = reverse(
            f"admin:rentals_{'lease' if lease else 'activation'}_change", args=[goods.pk]
        )
        return format_html('<a href="{}">{}</a>', page, goods)

    @admin.display(description=_("in words"))
    def in_words(self, purchase: Purchase) -> str:
        return explain_purchase(purchase)
