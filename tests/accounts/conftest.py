"""How the tests of pages look at them."""

from collections.abc import Callable
from typing import Any, Protocol

import pytest
from django.core.cache import cache
from django.http import HttpResponse as Response
from django.test import Client

from accounts.models import User

ANONYMOUS = "anonymous"


class Visit(Protocol):
    """Ask for a page as one of the cast, by name."""

    def __call__(
        self, who: str, url: str, data: dict[str, Any] | None = None, *, method: str = ""
    ) -> Response: ...


@pytest.fixture
def visit(request: pytest.FixtureRequest, client_of: Callable[[User], Client]) -> Visit:
    """``visit("bob", url)`` gets a page, ``visit("bob", url, {…})`` posts to it."""

    def ask(
        who: str, url: str, data: dict[str, Any] | None = None, *, method: str = ""
    ) -> Response:
        client = Client() if who == ANONYMOUS else client_of(request.getfixturevalue(who))
        method = method or ("get" if data is None else "post")
        response: Response = getattr(client, method)(url, data)
        return response

    return ask


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """Every test starts with the sign-in limits unused; they count in the cache."""
    cache.clear()


def text_of(response: Response) -> str:
    """The page as text, blanks joined."""
    return " ".join(response.content.decode().split())


def is_sign_in(response: Response) -> bool:
    """Whether the visitor is sent to sign in."""
    return response.status_code == 302 and response["Location"].startswith("/accounts/login/")
