"""What holds for every page of someone who is signed in."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts.models import User

GetResponse = Callable[[HttpRequest], HttpResponse]


def signed_in_pages(get_response: GetResponse) -> GetResponse:
    """Show times in the reader's zone, and let no cache keep what only they may see.

    Comes after ``AuthenticationMiddleware``. A view that sets ``Cache-Control`` itself is left alone.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        with timezone.override(_zone(user) if isinstance(user, User) else None):
            response = get_response(request)
        if user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


def _zone(user: User) -> ZoneInfo | None:
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None  # a name that this machine's zone database does not have: the site's own zone
