"""Made-up numbers look right: number libraries take them for mobile numbers of their country."""

import random

import phonenumbers
import pytest

from sandbox.catalogue import load_catalogue
from sandbox.numbering import RANGES, dialling_code, make_national_number


def test_every_country_and_every_area_has_a_range() -> None:
    catalogue = load_catalogue(1)
    needed = {country.code for country in catalogue.countries.values()}
    assert needed | {code.lower() for code in catalogue.areas} == set(RANGES)


@pytest.mark.parametrize("country_code", sorted(RANGES))
def test_numbers_are_valid_in_their_country(country_code: str) -> None:
    for seed in range(20):
        national = make_national_number(country_code, random.Random(seed))
        number = phonenumbers.parse(f"+{dialling_code(country_code)}{national}")
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.region_code_for_number(number) == country_code.upper()
