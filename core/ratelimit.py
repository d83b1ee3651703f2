"""How often one member may do what costs money, a provider's patience, or somebody's privacy.

Counted in the cache, minute by minute of the clock, for all processes together; sign-ins are counted there by
allauth. While Redis is away each process counts by itself (``core.cache``): less strict, never off, and
nobody is kept from buying or from signing in because a cache is down.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

View = Callable[..., HttpResponseBase]

SECONDS = 60
# How many POSTs a minute, for each member; a GET is never counted.
RATES = {
    "purchase": 30,
    "reveal": 10,
    "export": 6,
    "provider account": 10,
    "account": 6,
}
WORDS = _(
    "That was more than is allowed in a minute. Nothing was changed and no money moved; wait a minute "
    "and try again."
)


def at_most(action: str) -> Callable[[View], View]:
    """Let each member post to the views of ``action`` so often a minute, together; then answer 429.

    Goes inside ``login_required``: it counts by who is signed in.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
            if request.method != "POST" or _count(action, request.user.pk) <= RATES[action]:
                return view(request, *args, **options)
            return too_many(request)

        return limited

    return decorate


def _count(action: str, user_id: object) -> int:
    """Count one more, and return how many there were in this minute."""
    key = f"member:rl:{action}:{user_id}:{int(time.time()) // SECONDS}".replace(" ", "-")
    cache.add(key, 0, timeout=2 * SECONDS)
    try:
        return cache.incr(key)
    except ValueError:  # Redis went or came back between the two
        return 1


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer with words and the time to wait; to htmx by the page read anew, with the words on it."""
    if "HX-Request" in request.headers:
        messages.error(request, WORDS)
        response = HttpResponse(WORDS, status=429, content_type="text/plain; charset=utf-8")
        response["HX-Refresh"] = "true"
    else:
        response = render(request, "429.html", status=429)
    response["Retry-After"] = f"{SECONDS - int(time.time()) % SECONDS}"
    return response


def say_when(get_response: View) -> View:
    """Middleware: every 429 says when to try again, those of the sign-in too."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code == 429 and not response.has_header("Retry-After"):
            response["Retry-After"] = f"{SECONDS}"
        return response

    return middleware
