"""What members have as favourites, and where they bought last."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from rentals.models import Trip


@admin.register(Trip)
class TripAdmin(ReadOnlyAdmin[Trip]):
    list_display = ("service", "country", "member", "team", "starred_at", "bought_at")
    list_select_related = ("service", "country", "member", "team")
    search_fields = ("=member__email", "=team__slug", "service__title")
