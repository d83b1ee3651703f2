"""What the admin shows and nobody changes there: state and money move in operations only."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

M = TypeVar("M", bound=Model)


class ReadOnly:
    """Nothing is added, changed or deleted; who may view is left to Django's permissions."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin[M]):
    """A list and a page that can only be looked at.

    Name what a row follows in ``list_select_related``: the page must cost the same number of queries
    whatever the number of rows.
    """

    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50


class ReadOnlyInline(ReadOnly, admin.TabularInline[M, Any]):
    """Rows that belong to the one on the page; ``fields`` names all that is shown."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()
