"""Finding the code in an SMS: a stranger wrote it; what comes out is ASCII digits and letters."""

import re

# Longest text that is looked at: codes stand at the beginning, and the patterns stay linear.
LOOKED_AT = 1000

_WORDS = (
    r"code|codes|pin|otp|passcode|password|token|tan|код|пароль|codigo|código|"
    r"kode|kod|kód|codice|mã|รหัส|验证码|驗證碼|認証コード|확인|인증번호|كود|رمز"
)
_DIGITS = r"(?<![\w+.,/:-])(\d{3}[ -]\d{3}|\d{4}[ -]\d{4}|\d{4,8})(?![\w/:-]|[.,]\d)"
_AFTER_WORD = re.compile(
    rf"(?:{_WORDS})\W{{0,6}}(?:is|es|ist|est|:|=|-|—)?\W{{0,4}}(?:[A-Z]-)?"
    r"(\d{3}[ -]\d{3}(?!\d)|\d{4,8}(?!\d)|(?=[A-Za-z]*\d)[A-Za-z0-9]{4,10}(?![A-Za-z0-9]))",
    re.IGNORECASE | re.ASCII,
)
_PREFIXED = re.compile(r"(?<![\w])[A-Z]-(\d{4,8})(?!\d)", re.ASCII)
_BARE = re.compile(_DIGITS, re.ASCII)
_WHOLE = re.compile(r"[A-Za-z0-9]{3,10}", re.ASCII)


def find_code(text: str) -> str:
    """Return the verification code in ``text``, or "" where none is recognisable.

    The provider gives either the bare code or the whole text. A text that is one short word of
    digits or letters is the code; else what follows a word for "code" in the languages we know;
    else ``G-123456``; else the first run of 4 to 8 digits. Blanks and hyphens inside are dropped,
    leading zeros kept. What it returns is only ever ASCII letters and digits, at most 10.
    """
    text = text[:LOOKED_AT].strip()
    if _WHOLE.fullmatch(text) and any(character.isdigit() for character in text):
        return text
    for pattern in (_AFTER_WORD, _PREFIXED, _BARE):
        found = pattern.search(text)
        if found:
            return re.sub(r"[^A-Za-z0-9]", "", found.group(1))
    return ""
