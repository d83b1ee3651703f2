"""Searching by number as people write it: ``+1 754 800-3793``."""

import re
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.admin import ReadOnlyAdmin

M = TypeVar("M", bound=Model)
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]+")


class NumberSearchAdmin(ReadOnlyAdmin[M]):
    """Numbers are stored as the provider gives them, in digits alone."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], Any]:
        if _NUMBER.fullmatch(search_term.strip()):
            search_term = re.sub(r"[^0-9]", "", search_term)
        return super().get_search_results(request, queryset, search_term)
