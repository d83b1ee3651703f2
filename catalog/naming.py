"""Countries found and sorted by the names that their reader sees, in the database.

There are about two hundred of them, so the names of a language fit into the query.
"""

from django.db.models import Case, CharField, Q, Value, When
from django.db.models.functions import Lower

from core.places import country_names, fold


def has_name(text: str, path: str = "") -> Q:
    """Countries that have ``text`` in the name that is shown, or in the provider's.

    ``path`` leads to the country: ``country__``.
    """
    return Q(**{f"{path}title__icontains": text}) | _has_code(path, text, begins=False)


def begins_with(text: str, path: str = "") -> Q:
    """The same, of names that begin with ``text``."""
    return Q(**{f"{path}title__istartswith": text}) | _has_code(path, text, begins=True)


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


def _has_code(path: str, text: str, *, begins: bool) -> Q:
    text = fold(text.strip())
    names = {code: fold(name) for code, name in country_names().items()}
    found = [
        code
        for code, name in names.items()
        if text and (name.startswith(text) if begins else text in name)
    ]
    return Q(**{f"{path}iso_code__in": [*found, *(code.lower() for code in found)]})
