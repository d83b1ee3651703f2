"""How the figures of reports look: ``{% load reports %}``."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def seconds(wait: float | None) -> str:
    """A wait: ``8 s``, ``2:05 min``; a dash where there is none."""
    if wait is None:
        return "–"
    if wait < 10 and wait != int(wait):
        return _("%(seconds).1f s") % {"seconds": wait}
    if wait < 100:
        return _("%(seconds)d s") % {"seconds": round(wait)}
    minutes, rest = divmod(round(wait), 60)
    return _("%(minutes)d:%(seconds)02d min") % {"minutes": minutes, "seconds": rest}
