"""Whether the provider answers, as far as reading its lists tells: ``{% load provider %}``."""

from typing import Any

from django import template
from django.template import Context

from catalog.contact import read_notice
from catalog.models import Feed, Freshness

register = template.Library()


@register.inclusion_tag("catalog/_provider_notice.html", takes_context=True)
def provider_notice(context: Context, freshness: Freshness | None = None) -> dict[str, Any]:
    """A notice while the provider does not answer, with what still works; else a place for it.

    On a team's page it comes and goes as the provider does. A page that has read the ``freshness`` of
    the lists of numbers anyway gives it.
    """
    notice = read_notice(freshness or Feed.objects.of_numbers().freshness())
    return {"notice": notice, "team": context.get("team")}
