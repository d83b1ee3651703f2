"""A purchase with its timeline, its money and its number; all of them, found and taken away."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from core.admin import DaysFilter
from core.money import format_usd
from rentals.admin import export, resolving
from rentals.admin.event import Timeline
from rentals.admin.ledger import EntriesInline
from rentals.admin.search import FoundByPurchase
from rentals.admin.work import PurchaseWorkFilter
from rentals.models import Purchase
from rentals.states import PurchaseState
from rentals.wording import explain_purchase

STATE_LABELS = {
    PurchaseState.BOUGHT: "success",
    PurchaseState.UNKNOWN: "danger",
    PurchaseState.LOST: "danger",
    PurchaseState.HELD: "warning",
    PurchaseState.SENDING: "warning",
}


@admin.register(Purchase)
class PurchaseAdmin(FoundByPurchase[Purchase]):
    """The raw answer of the provider is not among the fields: it is sealed, and stays so here."""

    list_display = (
        *("created", "what", "shown_state", "number", "price_in_usd"),
        *("buyer", "team", "account"),
    )
    list_filter = (
        PurchaseWorkFilter,
        ("state", ChoicesDropdownFilter),
        ("activation__state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("team", AutocompleteSelectFilter),
        ("buyer", AutocompleteSelectFilter),
        ("service", AutocompleteSelectFilter),
        ("country", AutocompleteSelectFilter),
        ("account", AutocompleteSelectFilter),
        ("created", DaysFilter),
    )
    list_select_related = (
        *("service", "country", "buyer", "team", "account"),
        *("activation", "lease", "renews"),
    )
    date_hierarchy = "created"
    dates_by = "created"
    ordering = ("-created", "-pk")
    inlines = (Timeline, EntriesInline)
    readonly_fields = ("number", "in_words", "code", "created")
    exclude = ("put_away_at",)
    list_before_template = "admin/rentals/purchase/_exports.html"
    deeds = resolving.DEEDS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Purchase]:
        related = self.list_select_related
        return super().get_queryset(request).select_related(*related, "reuse_of")

    def get_urls(self) -> list[URLPattern]:
        """And the export of what the list shows."""
        return [
            path(
                "export/<slug:kind>/",
                self.admin_site.admin_view(self.export),
                name="rentals_purchase_export",
            ),
            *super().get_urls(),
        ]

    def export(self, request: HttpRequest, kind: str) -> Any:
        """All that the list shows under the filters of the address, as CSV or XLSX."""
        return export.export_purchases(self, request, kind)

    @admin.display(description=_("what"))
    def what(self, purchase: Purchase) -> str:
        """The service or lease, and where."""
        return f"{purchase.title} · {purchase.place}"

    @display(description=_("state"), ordering="state", label=STATE_LABELS)
    def shown_state(self, purchase: Purchase) -> tuple[str, str]:
        """Where it stands: what was bought, else the purchase itself."""
        return purchase.state, purchase.stands

    @admin.display(description=_("price"), ordering="quoted")
    def price_in_usd(self, purchase: Purchase) -> str:
        """What it costs as far as is known."""
        return format_usd(purchase.price)

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
