"""Sensitive changes want a sign-in of the last minutes: an open browser is not enough for them.

``ACCOUNT_REAUTHENTICATION_TIMEOUT`` says how many. Signing in counts, and so does giving the password,
a code or a passkey again. allauth's own pages (password, addresses, second factors) ask by themselves.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.access import get_membership, get_user
from accounts.models import Role

View = Callable[..., HttpResponse]


def is_fresh(request: HttpRequest) -> bool:
    """Whether who asks has shown in the last minutes that it is still them.

    The demo user has nothing to show, and one click signs anybody in as them; so has whoever has
    neither password nor second factor. Of these nothing is asked, as allauth's own pages do.
    """
    user = get_user(request)
    if user.is_demo or not get_adapter().get_reauthentication_methods(user):
        return True
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(record["at"] > since for record in get_authentication_records(request, user))


def ask_again(next_page: str) -> str:
    """Return the address where one signs in again and comes back to ``next_page``."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': next_page})}"


def fresh_sign_in_required(at_least: Role, page: str = "") -> Callable[[View], View]:
    """Let a view of a team, under ``login_required``, be asked only after a fresh sign-in.

    Who may not do it anyway, being below ``at_least``, is told so and not asked for a password first.
    A form's page asks before it is shown. A post without is never kept, as it may hold a token: it
    leads to signing in again and from there to the form's page, which is the view itself or the one
    named ``page``, whose address takes the team and, where it names one, the provider account.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if is_fresh(request):
                return view(request, *args, **kwargs)
            get_membership(request, kwargs["team"], at_least)
            if request.method not in ("GET", "HEAD"):
                messages.warning(
                    request,
                    _(
                        "Nothing was changed yet. Show that it is you, then fill in the form once more."
                    ),
                )
            return redirect(ask_again(_page_of(request, page, kwargs)))

        return wrapper

    return decorator


def _page_of(request: HttpRequest, page: str, kwargs: dict[str, Any]) -> str:
    if not page:
        return request.path
    wanted = ("team", "account") if page == "accounts:edit_provider_account" else ("team",)
    return reverse(page, args=[kwargs[name] for name in wanted])
