"""The front page, the demo's way in, and one's own page."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import get_home_team, get_user
from accounts.appearance import remember
from accounts.forms import MeForm, time_zones
from accounts.operations import ensure_demo_user


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The front page; whoever is signed in goes to the desk of their team."""
    if not request.user.is_authenticated:
        return render(request, "accounts/home.html", {"demo": settings.DEMO})
    team = get_home_team(request)
    if team is None:
        return redirect("accounts:new_team")
    return redirect("rentals:desk", team.slug)


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """One click signs in as the demo user; only with the sandbox."""
    if not settings.DEMO:
        raise Http404
    login(request, ensure_demo_user(), backend="django.contrib.auth.backends.ModelBackend")
    return redirect("accounts:home")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Name, time zone, language and theme; the way to address, password, sessions and teams."""
    user = get_user(request)
    form = MeForm(request.POST or None, instance=user)
    if form.is_valid():
        form.save()
        with translation.override(user.language or translation.get_language()):
            messages.success(request, _("Saved."))
        response = redirect("accounts:me")
        remember(response, language=user.language, theme=user.theme)
        return response
    memberships = user.memberships.select_related("team").order_by(
        "-team__is_personal", "team__name"
    )
    context = {"form": form, "memberships": memberships, "zones": time_zones()}
    return render(request, "accounts/me.html", context)
