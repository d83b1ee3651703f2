"""Light or dark, and in which language: one's own setting, else a cookie, else what the browser wants.

The server writes it into the page, so that nothing flickers and no script is needed for it.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.models import Theme, User


def appearance(request: HttpRequest) -> dict[str, str]:
    """Give every template ``theme``: "light", "dark", or "" for what the system has."""
    user = getattr(request, "user", None)
    chosen = user.theme if isinstance(user, User) else ""
    chosen = chosen or request.COOKIES.get(settings.THEME_COOKIE_NAME, "")
    return {"theme": chosen if chosen in Theme.values else ""}


def remember(response: HttpResponse, *, language: str, theme: str) -> None:
    """Keep both in this browser, for the pages before the sign-in; "" forgets."""
    cookies = {settings.LANGUAGE_COOKIE_NAME: language, settings.THEME_COOKIE_NAME: theme}
    for name, value in cookies.items():
        if value:
            response.set_cookie(
                name,
                value,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
        else:
            response.delete_cookie(name, samesite="Lax")
            response.cookies[name]["secure"] = settings.HTTPS
