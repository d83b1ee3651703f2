"""Countries as a reader calls them: by ISO code, in the language that is active.

In English they are called what the provider calls them, and so is one whose code nobody knows.
"""

import unicodedata
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.translation import get_language

SPOKEN_BY_THE_PROVIDER = "en"
_NONE: Mapping[str, str] = MappingProxyType({})


def country_name(iso_code: str, title: str) -> str:
    """Return the name of a country that the provider calls ``title``.

    What the provider says in brackets stays: two of its countries may share a code.
    """
    name = country_names().get(iso_code.upper())
    if name is None:
        return title
    _country, bracket, kind = title.partition(" (")
    return f"{name}{bracket}{kind}"


def country_names() -> Mapping[str, str]:
    """Return the names of all countries by ISO code; none where the provider's are the reader's own."""
    return _names(get_language() or SPOKEN_BY_THE_PROVIDER)


def names_in_any_language() -> list[tuple[str, str]]:
    """Return each ISO code with each name that a reader of this site may see for it."""
    return [pair for language, _label in settings.LANGUAGES for pair in _names(language).items()]


def fold(name: str) -> str:
    """``name`` as it is sorted and searched by: without case and accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def _names(language: str) -> Mapping[str, str]:
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return _NONE
    if locale.language == SPOKEN_BY_THE_PROVIDER:
        return _NONE
    return MappingProxyType(
        {code: name for code, name in locale.territories.items() if len(code) == 2}
    )
