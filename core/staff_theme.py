"""Where the admin's theme finds our sign and style: settings cannot ask for a static file's name."""

from django.http import HttpRequest
from django.templatetags.static import static


def sign(request: HttpRequest) -> str:
    """The sign of the stop."""
    return static("img/sign.svg")


def style(request: HttpRequest) -> str:
    """What the admin has of its own beyond the theme."""
    return static("css/staff.css")
