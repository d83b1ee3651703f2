"""Text that a stranger wrote, made honest."""

import re

# Controls, the soft hyphen, blanks without width, and all that turns the direction of writing about.
# Joiners and plain direction marks stay: Persian, Hindi, Hebrew and emoji need them.
_TRICKS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb]"
)


def spell_out(text: str) -> str:
    """Return ``text`` with what is invisible, or changes how the rest is read, as ``[U+202E]``.

    It is for showing only: what is stored, and what a code is found in, is the text as it came.
    Escaping is for the template, as with any text.
    """
    return _TRICKS.sub(lambda trick: f"[U+{ord(trick[0]):04X}]", text)
