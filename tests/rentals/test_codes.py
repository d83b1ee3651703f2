"""The code is found where a person would find it, and is never more than letters and digits."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentals.codes import find_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("429916", "429916"),
        ("077866", "077866"),
        ("A1B2C3", "A1B2C3"),
        ("Your Telegram code is 48213", "48213"),
        (
            "Telegram code: 48213\n\nYou can also tap on this link: https://t.me/login/48213",
            "48213",
        ),
        ("G-123456 is your Google verification code.", "123456"),
        ("123-456 is your WhatsApp code", "123456"),
        ("Your WhatsApp code: 123-456. Don't share it", "123456"),
        ("WhatsApp code 123 456", "123456"),
        ("<#> 0042 is your code. Valid for 10 minutes. Ref 99887766", "0042"),
        ("Use 583920 to verify your PayPal account. It expires in 5 minutes.", "583920"),
        ("Ваш код 5521. Никому не сообщайте его", "5521"),
        ("Dein Code ist: 90210", "90210"),
        ("Your Uber code is 4432. Reply STOP to 89203 to unsubscribe", "4432"),
        ("Steam Guard code: K7PQ2", "K7PQ2"),
        ("【抖音】验证码 8812,5分钟内有效", "8812"),
        ("Call us on +442071234567 about your order", ""),
        ("Paid $1234.50 on 12/04/2026", ""),
        ("Welcome to the club!", ""),
        ("Hello", ""),
        ("", ""),
    ],
)
def test_finds_the_code_a_person_would(text: str, code: str) -> None:
    assert find_code(text) == code


@given(st.text(max_size=3000))
def test_whatever_the_text_the_code_is_short_and_ascii(text: str) -> None:
    code = find_code(text)
    assert len(code) <= 10
    assert set(code) <= set(string.ascii_letters + string.digits)


def test_bidirectional_digits_are_not_a_code() -> None:
    assert find_code("code is ٤٢٩٩١٦") == ""


def test_a_long_hostile_text_takes_no_time() -> None:
    assert find_code("code " * 100_000) == ""
