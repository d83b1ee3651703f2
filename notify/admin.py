"""What people were told and how it reached them, for staff to look at."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from notify.models import Alert, Delivery, Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin[Notification]):
    list_display = ("title", "kind", "user", "team", "created", "read_at")
    list_filter = ("kind",)
    list_select_related = ("user", "team")
    search_fields = ("user__email", "team__name", "=key")
    ordering = ("-pk",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    list_display = ("notification", "channel", "state", "attempts", "next_try", "last_error")
    list_filter = ("state", "channel")
    list_select_related = ("notification",)
    search_fields = ("notification__user__email", "last_error")
    ordering = ("-pk",)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    list_display = (
        "service",
        "country",
        "kind",
        "price",
        "user",
        "team",
        "armed",
        "paused",
        "fired",
    )
    list_filter = ("kind", "armed", "paused")
    list_select_related = ("service", "country", "user", "team")
    search_fields = ("user__email", "team__name", "service__title")
    ordering = ("-pk",)
