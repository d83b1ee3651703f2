"""Taking one's data along, and deleting one's account."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import operations
from accounts.access import get_user
from accounts.audit import record
from accounts.forms import DeleteForm
from accounts.models import Action, Team, User
from accounts.second_factor import has_given
from core.ratelimit import at_most


@login_required
@at_most("export")
@require_POST
def download_data(request: HttpRequest) -> HttpResponse:
    """All that is kept about who asks; of teams that want a second factor only with one."""
    user = get_user(request)
    teams = Team.objects.of(user)
    if not has_given(request, user):
        teams = teams.filter(needs_second_factor=False)
    with transaction.atomic():
        data = operations.data_of(user, teams)
        record(action=Action.DATA_DOWNLOADED, actor=user, obj=user)
    response = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="busstop-my-data.json"'
    return response


@login_required
@at_most("account")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def delete_me(request: HttpRequest) -> HttpResponse:
    """Says first what happens; then, with one's address typed in, it does."""
    user = get_user(request)
    form = DeleteForm(request.POST or None, user=user)
    if form.is_valid():
        try:
            operations.delete_user(user=user)
        except operations.CannotDelete as refusal:
            form.add_error(None, refusal.message)
        else:
            logout(request)
            messages.success(request, _("Your account is deleted. Thank you for having been here."))
            return redirect("accounts:home")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/delete_me.html", _page_of(user, form), status=status)


def _page_of(user: User, form: DeleteForm) -> dict[str, Any]:
    closed = operations.teams_of_one(user)
    return {
        "form": form,
        "obstacles": operations.obstacles(user),
        "closed": closed,
        "accounts": sum(team.provider_accounts.kept().count() for team in closed),
        "leases": sum(team.leases.kept().count() for team in closed),
        "left": Team.objects.of(user).exclude(pk__in=closed.values("pk")),
    }
