"""Teams and their members."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import operations
from accounts.access import get_membership, get_user
from accounts.forms import RoleForm, TeamForm
from accounts.models import Membership, Role


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_team(request: HttpRequest) -> HttpResponse:
    """Make a team that one owns."""
    form = TeamForm(request.POST or None)
    if form.is_valid():
        team = operations.create_team(owner=get_user(request), name=form.cleaned_data["name"])
        messages.success(request, _("The team is ready. Add a provider account to buy numbers."))
        return redirect("accounts:provider_accounts", team.slug)
    return render(request, "accounts/new_team.html", {"form": form})


@login_required
@require_safe
def team(request: HttpRequest, team: str) -> HttpResponse:
    """Who is in the team, and what they may do."""
    membership = get_membership(request, team)
    members = membership.team.memberships.select_related("user").order_by("pk")
    context = {
        "team": membership.team,
        "membership": membership,
        "members": [(member, membership.may_manage(member)) for member in members],
        "roles": Role.choices if membership.may(Role.OWNER) else Role.choices[1:],
    }
    return render(request, "accounts/team.html", context)


@login_required
@require_POST
def change_role(request: HttpRequest, team: str, user_id: int) -> HttpResponse:
    """Give a member another role."""
    membership = get_membership(request, team, Role.ADMIN)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such role. Nothing was changed."))
        return redirect("accounts:team", team)
    try:
        operations.change_role(actor=membership, user_id=user_id, role=form.cleaned_data["role"])
    except Membership.DoesNotExist:
        raise Http404 from None
    except operations.LastOwner as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The role was changed."))
    return redirect("accounts:team", team)


@login_required
@require_POST
def remove_member(request: HttpRequest, team: str, user_id: int) -> HttpResponse:
    """Take a member out of the team, or leave it."""
    membership = get_membership(request, team)
    try:
        operations.remove_member(actor=membership, user_id=user_id)
    except Membership.DoesNotExist:
        raise Http404 from None
    except operations.LastOwner as refusal:
        messages.error(request, refusal.message)
        return redirect("accounts:team", team)
    if user_id == membership.user_id:
        messages.success(request, _("You have left %(team)s.") % {"team": membership.team})
        return redirect("accounts:home")
    messages.success(request, _("The member was removed; their purchases stay in the books."))
    return redirect("accounts:team", team)
