"""Whether the provider answers, as far as reading its lists tells: ``{% load provider %}``."""

from typing import Any

from django import template
from django.template import Context

from catalog import feeds
from catalog.models import Feed, Freshness

register = template.Library()


@register.inclusion_tag("catalog/_provider_notice.html", takes_context=True)
def provider_notice(context: Context, freshness: Freshness | None = None) -> dict[str, Any]:
    """A notice while the provider does not answer, with what still works; else nothing.

    It leads to the page that says more: that of the team whose page this is, without one to the help.
    A page that has read the lists' ``freshness`` anyway gives it, and asks no more while all is well.
    """
    feed = feeds.last_unanswered() if freshness is None or freshness.failing else None
    return {
        "feed": feed,
        "prices_of": feed and Feed.objects.freshness().as_of,
        "team": context.get("team"),
    }
