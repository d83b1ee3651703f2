"""What every page of the admin is built on: django-unfold, bounded, and read-only unless it says otherwise.

State and money move in operations only, so nothing of theirs is added, changed or deleted here. No list
counts a whole table, follows a row at a time or fills a box with a million choices.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RangeDateFilter

from core.deeds import WithDeeds

M = TypeVar("M", bound=Model)
MOST_LISTED = 5_000


class BoundedPaginator(Paginator[Any]):
    """Counts and pages the first ``MOST_LISTED`` rows: who looks further narrows the list.

    Counting a million rows takes as long as reading them, and so does going to page 20,000.
    """

    template_name = "admin/_pages.html"

    @cached_property
    def found(self) -> int:
        """How many there are, one more than are listed where there are more."""
        rows = self.object_list[: MOST_LISTED + 1]
        return rows.count() if isinstance(rows, QuerySet) else len(rows)

    @property
    def is_cut(self) -> bool:
        """Whether there are more than are listed."""
        return self.found > MOST_LISTED

    @cached_property
    def count(self) -> int:
        """How many are listed."""
        return min(self.found, MOST_LISTED)


class ChosenByTyping:
    """Whatever a form or a filter points at is found by typing: no box holds all that could be chosen."""

    model: Any
    admin_site: Any

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Every relation whose other side can be searched."""
        return [
            field.name
            for field in (*self.model._meta.fields, *self.model._meta.many_to_many)
            if field.remote_field is not None and self._is_searched(field)
        ]

    def _is_searched(self, field: Any) -> bool:
        through = getattr(field.remote_field, "through", None)
        if through is not None and not through._meta.auto_created:
            return False
        other = self.admin_site._registry.get(field.remote_field.model)
        return bool(other and other.search_fields)


class StaffAdmin(WithDeeds, ChosenByTyping, ModelAdmin, admin.ModelAdmin[M]):
    """The base of every list and page of the admin.

    Name what a row follows in ``list_select_related``: the list must cost the same number of queries
    whatever the number of rows. ``dates_by`` names a column with an index that runs with the one of
    ``date_hierarchy``: where the oldest and the newest row are found.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count of the whole table for each choice
    list_per_page = 50
    list_max_show_all = 50
    list_disable_select_all = True
    list_filter_submit = True
    list_fullwidth = True
    paginator = BoundedPaginator
    change_form_outer_before_template = "admin/_deeds.html"
    dates_by = "pk"

    def get_ordering(self, request: HttpRequest) -> Any:
        """Always some order: pages of rows in none would repeat some and leave out others."""
        return super().get_ordering(request) or self.model._meta.ordering or ("pk",)


class ReadOnly:
    """Nothing is added, changed or deleted; who may view is left to Django's permissions."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, StaffAdmin[M]):
    """A list and a page that can only be looked at."""


class StaffInline(ChosenByTyping, TabularInline, admin.TabularInline[M, Any]):
    """Rows that belong to the one on the page, fifty at a time."""

    extra = 0
    ordering = ("pk",)
    per_page = 50


class ReadOnlyInline(ReadOnly, StaffInline[M]):
    """Such rows to look at; ``fields`` names all that is shown."""

    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()


class DaysFilter(RangeDateFilter):
    """From one UTC day to another, both included; what is no day is no bound."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> QuerySet[M]:
        """Only the rows of those days."""
        if begin := self._day("from"):
            queryset = queryset.filter(**{f"{self.field_path}__gte": begin})
        if end := self._day("to"):
            queryset = queryset.filter(**{f"{self.field_path}__lt": end + timedelta(days=1)})
        return queryset

    def _day(self, end: str) -> datetime | None:
        text = self.used_parameters.get(f"{self.parameter_name}_{end}") or ""
        try:
            day = parse_date(str(text))
        except ValueError:
            return None
        return datetime.combine(day, time(), UTC) if day and day.year < 9999 else None
