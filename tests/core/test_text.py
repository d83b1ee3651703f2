"""What a stranger's text may not do to the reader."""

import pytest

from core.text import spell_out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202e654321", "[U+202E]654321"),
        ("12\u200b34", "12[U+200B]34"),
        ("\ufeff1\xad2\x1b[0m", "[U+FEFF]1[U+00AD]2[U+001B][0m"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(text: str, shown: str) -> None:
    assert spell_out(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Your code is 123456.\r\n\tThank you",
        "הקוד שלך\u200f הוא 123456",
        "کد\u200cشما ۱۲۳۴۵۶",
        "👩\u200d👩\u200d👧 123456",
        "<b>123456</b>",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert spell_out(text) == text
