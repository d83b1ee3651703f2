"""Services that the provider blocks an account from for a day."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from rentals.models import ServiceBlock


@admin.register(ServiceBlock)
class ServiceBlockAdmin(ReadOnlyAdmin[ServiceBlock]):
    list_display = ("service", "account", "until")
    list_select_related = ("service", "account")
    search_fields = ("service__title", "account__name")
