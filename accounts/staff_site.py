"""The admin's door: staff come in as everybody else does, and with a second factor."""

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from accounts.access import get_user
from accounts.second_factor import has_given

# What the theme's Alpine needs, on its own pages alone; everything still comes from this site.
THEME_POLICY = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


class StaffSite(UnfoldAdminSite):
    """The admin, where no page opens to a session that has not given a second factor."""

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_given(request, get_user(request))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Let the theme's scripts work on the pages of the admin, and on no others."""
        return csp_update(THEME_POLICY)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send strangers to sign in, and staff without a second factor to set one up or to give it."""
        if super().has_permission(request) and not self.has_permission(request):
            return _ask_for_second_factor(request)
        return secure_admin_login(super().login)(request, extra_context)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Find a list by its name; what is found fits one page, whichever is asked for."""
        query = request.GET.copy()
        query.pop("page", None)
        request.GET = query  # type: ignore[assignment]
        return super().search(request, extra_context)


def _ask_for_second_factor(request: HttpRequest) -> HttpResponse:
    if is_mfa_enabled(get_user(request)):
        query = urlencode({"next": reverse("admin:index")})
        return redirect(f"{reverse('mfa_reauthenticate')}?{query}")
    messages.warning(
        request,
        _("Staff need a second factor for the admin. Set one up here, then open the admin again."),
    )
    return redirect("mfa_index")
