"""How a figure is said in a sentence."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """``3 ms``, ``1.2 s``, ``5 min``, ``3 h``, ``2 d``: one figure and its unit."""
    if seconds < 1:
        return _("%(number)s ms") % {"number": number_format(max(1, round(seconds * 1000)))}
    if seconds < MINUTE:
        return _("%(number)s s") % {"number": number_format(round(seconds, 1), 1)}
    if seconds < HOUR:
        return _("%(number)s min") % {"number": number_format(round(seconds / MINUTE))}
    if seconds < 2 * DAY:
        return _("%(number)s h") % {"number": number_format(round(seconds / HOUR))}
    return _("%(number)s d") % {"number": number_format(round(seconds / DAY))}
