"""Who polls what, and how well."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from rentals.models import PollShard


@admin.register(PollShard)
class PollShardAdmin(ReadOnlyAdmin[PollShard]):
    list_display = ("number", "watching", "polls", "gap_p99_ratio", "lease_until", "queued_at")
    ordering = ("number",)
