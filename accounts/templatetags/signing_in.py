"""Whether a page may show its sensitive forms: ``{% load signing_in %}``."""

from typing import Any

from django import template
from django.http import HttpRequest

from accounts.fresh_sign_in import ask_again, is_fresh

register = template.Library()


@register.simple_tag(takes_context=True)
def fresh_sign_in(context: dict[str, Any]) -> bool:
    """Whether the reader signed in, or showed that it is them, in the last minutes."""
    return is_fresh(_request(context))


@register.inclusion_tag("accounts/_sign_in_again.html", takes_context=True)
def sign_in_again(context: dict[str, Any]) -> dict[str, str]:
    """The way to do so and back to this page, in place of the forms."""
    return {"url": ask_again(_request(context).path)}


def _request(context: dict[str, Any]) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request
