"""Countries by the names that their readers know."""

import pytest
from django.utils.translation import override

from core.places import country_name, country_names, fold


@pytest.mark.parametrize(
    ("language", "code", "title", "name"),
    [
        ("de", "at", "Austria", "Österreich"),
        ("de", "DE", "Germany", "Deutschland"),
        ("de-at", "us", "United States of America", "Vereinigte Staaten"),
        ("de", "us", "USA (virtual)", "Vereinigte Staaten (virtual)"),
        ("de", "zz1", "Somewhere", "Somewhere"),
        ("de", "", "Somewhere", "Somewhere"),
        ("en", "us", "United States of America", "United States of America"),
        ("en-gb", "la", "Lao People's Democratic Republic", "Lao People's Democratic Republic"),
        ("tlh", "de", "Germany", "Germany"),
    ],
)
def test_a_name_in_the_language_of_its_reader(
    language: str, code: str, title: str, name: str
) -> None:
    with override(language):
        assert country_name(code, title) == name


def test_names_are_those_of_countries_alone() -> None:
    with override("de"):
        assert 200 < len(country_names()) < 300
    with override(None):
        assert not country_names()


def test_case_and_accents_do_not_matter() -> None:
    assert fold("Österreich") == "osterreich"
    assert fold("Türkei") == fold("TURKEI")
