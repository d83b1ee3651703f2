"""Countries found and sorted by the names that their reader sees, in the database.

There are about two hundred of them, so the names of a language fit into the query.
"""

from collections.abc import Callable, Iterable

from django.db.models import Case, CharField, Q, Value, When
from django.db.models.functions import Lower

from core.places import country_names, fold, names_in_any_language


def has_name(text: str, path: str = "") -> Q:
    """Countries that have ``text`` in the name that is shown, or in the provider's.

    ``path`` leads to the country: ``country__``.
    """
    return Q(**{f"{path}title__icontains": text}) | _is_called(text, country_names().items(), path)


def has_name_in_any_language(text: str) -> Q:
    """The same in whatever language: for addresses and files that mean the same to each reader."""
    return Q(title__icontains=text) | _is_called(text, names_in_any_language())


def begins_with(text: str, path: str = "") -> Q:
    """The same, of names that begin with ``text``."""
    names = country_names().items()
    return Q(**{f"{path}title__istartswith": text}) | _is_called(text, names, path, str.startswith)


def sort_name(path: str = "") -> Case | Lower:
    """What countries are sorted by: the name that is shown, without case."""
    title, names = Lower(f"{path}title"), country_names()
    if not names:
        return title
    shown = [
        When(Q(**{f"{path}iso_code__in": (code, code.lower())}), then=Value(fold(name)))
        for code, name in names.items()
    ]
    return Case(*shown, default=title, output_field=CharField())


def _is_called(
    text: str,
    names: Iterable[tuple[str, str]],
    path: str = "",
    fits: Callable[[str, str], bool] = str.__contains__,
) -> Q:
    """Countries of which one of ``names``, by ISO code, ``fits`` the text."""
    text = fold(text.strip())
    found = [code for code, name in names if text and fits(fold(name), text)]
    return Q(**{f"{path}iso_code__in": [*found, *(code.lower() for code in found)]})
