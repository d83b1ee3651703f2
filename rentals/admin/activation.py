"""Numbers, and the messages that came: their text is for superusers alone."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin import DaysFilter, ReadOnlyInline
from rentals.admin import revealing
from rentals.admin.search import FoundByPurchase
from rentals.admin.work import NumberWorkFilter
from rentals.models import Activation, Message


class ForSuperusers:
    """Somebody else's SMS is nobody's business who only holds a permission."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class MessageInline(ForSuperusers, ReadOnlyInline[Message]):
    """That something came, and when; what it says is on its own page, for a reason."""

    model = Message
    fields = ("received_at", "text_removed_at", "to_reveal")

    @admin.display(description=_("text"))
    def to_reveal(self, message: Message) -> str:
        """Where it is revealed."""
        if message.text_removed_at is not None:
            return gettext("removed after the team's time")
        page = reverse("admin:rentals_message_do", args=[message.pk, revealing.REVEAL.key])
        return format_html('<a href="{}">{}</a>', page, revealing.REVEAL.label)


@admin.register(Activation)
class ActivationAdmin(FoundByPurchase[Activation]):
    list_display = (
        "__str__",
        "service",
        "country",
        "state",
        "watched",
        "team",
        "account",
        "created",
    )
    list_filter = (
        NumberWorkFilter,
        ("state", ChoicesDropdownFilter),
        "watched",
        *((name, AutocompleteSelectFilter) for name in ("team", "service", "country", "account")),
        ("created", DaysFilter),
    )
    list_select_related = ("service", "country", "team", "account")
    date_hierarchy = "created"
    ordering = ("-pk",)
    readonly_fields = ("code",)
    inlines = (MessageInline,)


@admin.register(Message)
class MessageAdmin(ForSuperusers, FoundByPurchase[Message]):
    """Neither text nor code is shown here: who needs them says why, and it is written down."""

    list_display = ("received_at", "activation", "lease", "team", "text_removed_at")
    fields = ("received_at", "activation", "lease", "team", "text_removed_at")
    list_filter = (("team", AutocompleteSelectFilter), ("received_at", DaysFilter))
    list_select_related = ("activation", "lease", "team")
    purchase_paths = ("activation__purchase", "lease__purchase")
    date_hierarchy = "received_at"
    ordering = ("-pk",)
    deeds = (revealing.REVEAL,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Not even read: neither list nor page has a use for what the SMS says."""
        return super().get_queryset(request).defer("text", "code")
