"""What holds for every page, and for every page of someone who is signed in."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers

from accounts.models import User
from accounts.second_factor import SecondFactorNeeded

GetResponse = Callable[[HttpRequest], HttpResponse]


def signed_in_pages(get_response: GetResponse) -> GetResponse:
    """Show pages in the reader's language and time zone, and let no cache keep them.

    Not even a page that needs no sign-in: the one behind the link of a mail shows an address. Comes
    after ``AuthenticationMiddleware``. A view that sets ``Cache-Control`` itself is left alone.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        member = user if isinstance(user, User) else None
        language = _language(member) or translation.get_language()
        with timezone.override(_zone(member) if member else None), translation.override(language):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


def _language(user: User | None) -> str:
    """Their own choice, where the site has it; "" leaves it to the cookie and the browser."""
    return user.language if user and user.language in dict(settings.LANGUAGES) else ""


def _zone(user: User) -> ZoneInfo | None:
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None  # a name that this machine's zone database does not have: the site's own zone


def second_factor_page(get_response: GetResponse) -> GetResponse:
    """Answer members who lack the second factor that their team wants with what to do about it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, SecondFactorNeeded):
            return None
        context = {"wanted_by": exception.team, "has_one": is_mfa_enabled(request.user)}
        response = render(request, "accounts/second_factor_needed.html", context, status=403)
        if (
            "HX-Request" in request.headers
        ):  # a fragment of a page that was open: all of it is to go
            response["HX-Refresh"] = "true"
        return response

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
