"""Where the request came from that is being answered, for whoever writes it down."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

USER_AGENT_LENGTH = 200

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


@dataclass(frozen=True, slots=True)
class Origin:
    """An address and what the browser calls itself; both empty outside of a request."""

    ip: str = ""
    user_agent: str = ""


def remember_request(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: while a request is answered, ``current`` knows where it came from."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        try:
            return get_response(request)
        finally:
            _request.reset(token)

    return middleware


def current() -> Origin:
    """Return where the request at hand came from; an empty ``Origin`` for a worker or a command.

    The address is the one that the rate limits count by: the connection's own, unless
    ``TRUSTED_PROXIES`` says how many proxies' words in ``X-Forwarded-For`` are to be believed.
    """
    request = _request.get()
    if request is None:
        return Origin()
    agent = request.headers.get("User-Agent", "")
    printable = "".join(character for character in agent if character.isprintable())
    return Origin(ip=_address(request), user_agent=printable[:USER_AGENT_LENGTH])


def _address(request: HttpRequest) -> str:
    try:
        address: str = get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        return ""  # a Unix socket
    return address[:45]
