"""The catalogue for staff: to look at, and to have read again."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from accounts.access import get_user
from accounts.audit import record
from accounts.audit.staff import AuditedAdmin
from accounts.models import Action
from catalog import feeds, sources, tasks
from catalog.models import PRICES, Area, Country, Feed, Offer, PricePoint, Service
from core.admin import ReadOnlyAdmin
from core.queue import enqueue_on_commit


@admin.register(Country)
class CountryAdmin(ReadOnlyAdmin[Country]):
    list_display = ("title", "iso_code", "provider_id", "listed")
    ordering = ("title", "pk")
    list_filter = ("listed",)
    search_fields = ("title", "=iso_code", "=provider_id")


@admin.register(Service)
class ServiceAdmin(AuditedAdmin[Service], ReadOnlyAdmin[Service]):
    """All of it is the provider's but whether it is allowed here: the deny-list of the site."""

    list_display = ("title", "code", "provider_id", "listed", "denied")
    ordering = ("title", "pk")
    list_filter = ("listed", ("denied", admin.EmptyFieldListFilter))
    search_fields = ("title", "=code", "=provider_id")
    readonly_fields = ("provider_id", "title", "code", "listed")

    def has_change_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        """As the permissions of who asks say."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)


@admin.register(Area)
class AreaAdmin(ReadOnlyAdmin[Area]):
    list_display = ("title", "provider_id", "monthly_price", "min_months", "stock", "listed")
    list_filter = ("listed",)
    search_fields = ("title", "=provider_id")


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin[Offer]):
    list_display = ("service", "country", "cost", "stock", "listed", "changed_at")
    list_filter = (
        "listed",
        ("country", AutocompleteSelectFilter),
        ("service", AutocompleteSelectFilter),
    )
    list_select_related = ("service", "country")
    search_fields = ("service__title", "=service__code", "country__title", "=country__iso_code")
    ordering = ("service__title", "cost", "pk")


@admin.register(PricePoint)
class PricePointAdmin(ReadOnlyAdmin[PricePoint]):
    list_display = ("offer", "cost", "stock", "at")
    list_select_related = ("offer__service", "offer__country")
    search_fields = ("offer__service__title", "=offer__service__code", "offer__country__title")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")


@admin.register(Feed)
class FeedAdmin(ReadOnlyAdmin[Feed]):
    list_display = ("key", "shown_age", "changed_at", "failed_at", "shown_error", "claimed_until")
    search_fields = ("key",)
    ordering = ("fetched_at", "key")
    exclude = ("body_hash",)
    actions = ("refresh_now",)

    @admin.display(description=gettext_lazy("age"), ordering="-fetched_at")
    def shown_age(self, feed: Feed) -> str:
        return timesince(feed.fetched_at) if feed.fetched_at else _("never read")

    @admin.display(description=gettext_lazy("why it failed"), ordering="error")
    def shown_error(self, feed: Feed) -> str:
        return _(feed.error) if feed.error else ""

    @admin.action(description=gettext_lazy("Read again now"), permissions=["view"])
    def refresh_now(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        """Read the chosen lists in full, whether or not their bodies have changed."""
        if not sources.has_any():
            nobody = _("There is no provider account that can read them.")
            self.message_user(request, nobody, messages.ERROR)
            return
        keys = list(queryset.values_list("key", flat=True))
        feeds.forget(keys)
        with transaction.atomic():
            told = {"lists": ", ".join(keys)[:500]}
            record(action=Action.CATALOGUE_REFRESHED, actor=get_user(request), after=told)
        ids = [key.removeprefix(PRICES) for key in keys if key.startswith(PRICES)]
        for pk in Country.objects.filter(provider_id__in=ids).values_list("pk", flat=True):
            enqueue_on_commit(tasks.refresh_country, pk)
        if len(ids) < len(keys):
            enqueue_on_commit(tasks.refresh_lists)
        self.message_user(request, _("They are being read; this takes some seconds."))
