"""How money, numbers, flags and icons look, in every template: ``{% load busstop %}``."""

import re
from decimal import Decimal

import phonenumbers
from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.money import format_usd

register = template.Library()

_ISO_CODE = re.compile(r"[a-z]{2}")
_HAS_FLAG: dict[str, bool] = {}


@register.filter
def usd(amount: Decimal | None) -> str:
    """``$0.14``; a dash for an amount that nobody knows."""
    return "–" if amount is None else format_usd(amount)


@register.filter
def phone(number: str) -> str:
    """The number in international form, ``+44 7911 123456``; as it came when it is none we know.

    The provider gives digits with the dialling code and without ``+``. A number that looks invalid
    is shown all the same: it was sold, so it exists.
    """
    try:
        parsed = phonenumbers.parse(f"+{number}")
    except phonenumbers.NumberParseException:
        return f"+{number}"
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite, for the eye only: the text beside it says the same."""
    return format_html(
        '<svg class="icon" aria-hidden="true" width="20" height="20"><use href="{}#{}"/></svg>',
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def flag(iso_code: str) -> SafeString:
    """The flag of a country, or its code in a frame where we have no (light) drawing of it."""
    code = iso_code.lower()
    if not _has_flag(code):
        return format_html('<span class="flag flag-code" aria-hidden="true">{}</span>', code[:2])
    return format_html(
        '<img class="flag" src="{}" alt="" width="24" height="18" loading="lazy">',
        static(f"img/flags/{code}.svg"),
    )


def _has_flag(code: str) -> bool:
    if not _ISO_CODE.fullmatch(code):
        return False
    if code not in _HAS_FLAG:
        _HAS_FLAG[code] = finders.find(f"img/flags/{code}.svg") is not None
    return _HAS_FLAG[code]
