"""The words that teams group their purchases by."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from rentals.models import Tag


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin[Tag]):
    list_display = ("name", "team")
    list_select_related = ("team",)
    search_fields = ("name", "=team__slug")
