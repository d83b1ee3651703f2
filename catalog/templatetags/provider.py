"""Whether the provider answers, as far as reading its lists tells: ``{% load provider %}``."""

from typing import Any

from django import template

from catalog import feeds
from catalog.models import Feed, Freshness

register = template.Library()


@register.inclusion_tag("catalog/_provider_notice.html")
def provider_notice(freshness: Freshness | None = None) -> dict[str, Any]:
    """A notice while the provider does not answer, with what still works; else nothing.

    A page that has read the lists' ``freshness`` anyway gives it, and asks no more while all is well.
    """
    feed = feeds.last_unanswered() if freshness is None or freshness.failing else None
    return {"feed": feed, "prices_of": feed and Feed.objects.freshness().as_of}
