"""What happened, in order."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import ReadOnlyInline
from rentals.admin.search import FoundByPurchase
from rentals.models import Event
from rentals.wording import explain_event


class Timeline(ReadOnlyInline[Event]):
    """The events of a purchase, one line each."""

    model = Event
    fields = ("created", "subject", "from_state", "to_state", "in_words", "by", "actor")
    verbose_name_plural = _("timeline")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).select_related("actor")

    @admin.display(description=_("in words"))
    def in_words(self, event: Event) -> str:
        return explain_event(event)


@admin.register(Event)
class EventAdmin(FoundByPurchase[Event]):
    list_display = ("created", "subject", "from_state", "to_state", "reason", "by", "actor", "team")
    list_filter = (
        "subject",
        ("team", AutocompleteSelectFilter),
        ("actor", AutocompleteSelectFilter),
    )
    list_select_related = ("actor", "team")
    ordering = ("-pk",)
    readonly_fields = ("created",)
