"""How the desk says how long something took, and how much of it is left: ``{% load desk %}``."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def wait(span: timedelta) -> str:
    """``14 s``, ``2 min 5 s``: how long an SMS took."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    if not minutes:
        return _("%(seconds)d s") % {"seconds": seconds}
    return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds}


@register.filter
def age(moment: datetime) -> str:
    """``just now``, ``12 minutes ago``: how old something is that is read every few minutes."""
    if timezone.now() - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(age)s ago") % {"age": timesince(moment, depth=1)}


@register.simple_tag
def share_gone(begin: datetime, end: datetime) -> int:
    """How many of a hundred parts of the time between two moments are over, for the ring."""
    whole = (end - begin).total_seconds()
    if whole <= 0:
        return 100
    gone = (timezone.now() - begin).total_seconds() / whole
    return round(100 * min(1.0, max(0.0, gone)))
