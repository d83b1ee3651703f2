"""US dollars with four decimals."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.money import MoneyField, dollars, format_usd


@pytest.mark.parametrize(
    "amount", ["0", "0.14", "0.145", "0.0001", "-3.5", "99999999.9999", "1E+2"]
)
def test_what_we_can_hold_is_kept_to_the_last_digit(amount: str) -> None:
    kept = dollars(Decimal(amount))
    assert kept == Decimal(amount)
    assert kept.as_tuple().exponent == -4


@pytest.mark.parametrize("amount", ["0.00001", "0.14000001", "-0.12345"])
def test_what_we_cannot_hold_is_refused_not_rounded(amount: str) -> None:
    with pytest.raises(ValueError, match="more than 4 decimals"):
        dollars(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0.1400", "$0.14"),
        ("0.145", "$0.145"),
        ("0.0001", "$0.0001"),
        ("5", "$5.00"),
        ("1E+2", "$100.00"),
        ("1234567.8", "$1,234,567.80"),
        ("-0.1450", "-$0.145"),
        ("-2", "-$2.00"),
    ],
)
def test_people_see_cents_and_more_only_where_there_is_more(amount: str, shown: str) -> None:
    assert format_usd(Decimal(amount)) == shown


@given(st.decimals(min_value=0, max_value=10**6, places=4))
def test_what_is_shown_is_the_whole_amount(amount: Decimal) -> None:
    assert Decimal(format_usd(amount).lstrip("$").replace(",", "")) == amount


def test_the_column_holds_what_dollars_gives() -> None:
    field = MoneyField()
    assert (field.max_digits, field.decimal_places) == (12, 4)


def test_german_writes_it_the_german_way_and_an_unknown_language_as_english() -> None:
    amount = Decimal("-1234.1250")

    with translation.override("de"):
        assert format_usd(amount) == "-1.234,125\u00a0$"
    with translation.override("xx"):
        assert format_usd(amount) == "-$1,234.125"
