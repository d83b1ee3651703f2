"""Numbers, and the messages that came: their text is for superusers alone."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.admin import ReadOnlyInline
from rentals.admin.search import NumberSearchAdmin
from rentals.models import Activation, Message


class ForSuperusers:
    """What somebody else's SMS says is nobody's business who only holds a permission."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class MessageInline(ForSuperusers, ReadOnlyInline[Message]):
    model = Message
    fields = ("received_at", "code", "text")


@admin.register(Activation)
class ActivationAdmin(NumberSearchAdmin[Activation]):
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
    list_filter = ("state", "watched", "country")
    list_select_related = ("service", "country", "team", "account")
    search_fields = ("number", "=request_id", "=purchase__buyer__email", "=code")
    date_hierarchy = "created"
    ordering = ("-pk",)
    readonly_fields = ("code",)
    inlines = (MessageInline,)


@admin.register(Message)
class MessageAdmin(ForSuperusers, NumberSearchAdmin[Message]):
    list_display = ("received_at", "activation", "lease", "code", "team")
    list_select_related = ("activation", "lease", "team")
    search_fields = ("activation__number", "=activation__request_id", "lease__number")
    date_hierarchy = "received_at"
    ordering = ("-pk",)
