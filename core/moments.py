"""How days and moments are written, on every page and in every mail: a form for each language, 24 hours.

A ``date`` is written as it is, a ``datetime`` in the time zone that is active.
"""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import pgettext


def format_day(day: date) -> str:
    """``29 Nov 2026``, in German ``29. Nov 2026``."""
    return date_format(_local(day), pgettext("date format", "j M Y"))


def format_short_day(day: date) -> str:
    """``29 Nov``, where the year goes without saying."""
    return date_format(_local(day), pgettext("date format", "j M"))


def format_month(day: date) -> str:
    """``Nov 2026``."""
    return date_format(_local(day), pgettext("date format", "M Y"))


def format_moment(moment: datetime) -> str:
    """``29 Nov 2026, 22:53``."""
    return date_format(_local(moment), pgettext("date format", "j M Y, H:i"))


def format_time(moment: datetime) -> str:
    """``22:53``."""
    return date_format(_local(moment), "H:i")


def format_short_moment(moment: datetime) -> str:
    """``29 Nov, 22:53``."""
    return date_format(_local(moment), pgettext("date format", "j M, H:i"))


def format_second(moment: datetime) -> str:
    """``22:53:07``."""
    return date_format(_local(moment), "H:i:s")


def format_exactly(moment: datetime) -> str:
    """``29 November 2026, 22:53:07 CET``."""
    return date_format(_local(moment), pgettext("date format", "j F Y, H:i:s e"))


def _local(day: date) -> date:
    return timezone.localtime(day) if isinstance(day, datetime) else day
