"""How money, numbers, times, flags and icons look, in every template: ``{% load busstop %}``."""

import re
import uuid
from datetime import date, datetime
from decimal import Decimal

import phonenumbers
from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import moments
from core.money import format_usd
from core.text import spell_out

register = template.Library()
register.filter(spell_out)

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


@register.filter
def minutes_left(until: datetime) -> str:
    """How long it is until then, for who has no script that counts the seconds down."""
    minutes = int((until - timezone.now()).total_seconds() // 60)
    if minutes < 1:
        return _("under a minute")
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """A moment in the reader's time zone, with the day unless it is today; exact on hover."""
    if moment is None:
        return "–"
    is_today = timezone.localdate(moment) == timezone.localdate()
    shown = moments.format_time(moment) if is_today else moments.format_moment(moment)
    return _time(moment, shown)


@register.simple_tag
def day(moment: datetime | None) -> SafeString | str:
    """The day of a moment in the reader's time zone; exact on hover."""
    if moment is None:
        return "–"
    return _time(moment, moments.format_day(moment))


def _time(moment: datetime, shown: str) -> SafeString:
    exact = moments.format_exactly(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, shown)


@register.filter
def as_day(day: date | None) -> str:
    """A day in words alone, for mails, attributes and sentences; a dash for none."""
    return "–" if day is None else moments.format_day(day)


@register.filter
def as_moment(moment: datetime | None) -> str:
    """The same of a moment, in the reader's time zone, always with its day."""
    return "–" if moment is None else moments.format_moment(moment)


@register.filter
def exactly(moment: datetime | None) -> str:
    """The same to the second, with the name of the time zone."""
    return "–" if moment is None else moments.format_exactly(moment)


@register.simple_tag
def form_key() -> uuid.UUID:
    """A new client key: each form that is rendered has its own, and buys at most once."""
    return uuid.uuid4()


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
