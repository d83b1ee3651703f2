"""Leaving and removing, the team's name, who owns it, its end: each page first says what it means."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import operations
from accounts.access import get_membership
from accounts.forms import DeleteTeamForm, TeamForm, TransferForm
from accounts.fresh_sign_in import fresh_sign_in_required
from accounts.models import Membership, Role
from accounts.stakes import stakes_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_required(Role.VIEWER)
def remove_member(request: HttpRequest, team: str, user_id: int) -> HttpResponse:
    """Take a member out of the team, or leave it."""
    membership = get_membership(request, team)
    members = membership.team.memberships.select_related("user")
    member = get_object_or_404(members, user_id=user_id)
    if member != membership and not membership.may_manage(member):
        raise PermissionDenied
    if request.method != "POST":
        return _leaving(request, membership, member)
    try:
        operations.remove_member(actor=membership, user_id=user_id)
    except Membership.DoesNotExist:
        raise Http404 from None
    except operations.LastOwner as refusal:
        messages.error(request, refusal.message)
        return redirect("accounts:team", team)
    if member == membership:
        messages.success(request, _("You have left %(team)s.") % {"team": membership.team})
        return redirect("accounts:home")
    messages.success(request, _("The member was removed; their purchases stay in the books."))
    return redirect("accounts:team", team)


def _leaving(request: HttpRequest, membership: Membership, member: Membership) -> HttpResponse:
    context = {
        "team": membership.team,
        "membership": membership,
        "member": member,
        "is_self": member == membership,
        "stakes": stakes_of(membership.team, member.user),
    }
    return render(request, "accounts/remove_member.html", context)


@login_required
@require_POST
def rename_team(request: HttpRequest, team: str) -> HttpResponse:
    """Give the team another name."""
    membership = get_membership(request, team, Role.ADMIN)
    form = TeamForm(request.POST)
    if form.is_valid():
        operations.rename_team(actor=membership, name=form.cleaned_data["name"])
        messages.success(request, _("The team has its new name."))
    else:
        messages.error(request, _("A team needs a name of at most 80 characters."))
    return redirect("accounts:team", team)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_required(Role.OWNER)
def transfer_team(request: HttpRequest, team: str) -> HttpResponse:
    """Hand the team on to another member."""
    membership = get_membership(request, team, Role.OWNER)
    form = TransferForm(request.POST or None, membership=membership)
    if form.is_valid():
        try:
            operations.transfer_ownership(actor=membership, **form.cleaned_data)
        except operations.IsPersonal as refusal:
            form.add_error(None, refusal.message)
        except Membership.DoesNotExist:
            raise Http404 from None
        else:
            messages.success(request, _("The team has a new owner; you are an admin of it now."))
            return redirect("accounts:team", team)
    context = {
        "team": membership.team,
        "membership": membership,
        "form": form,
        "stakes": stakes_of(membership.team),
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/transfer_team.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_required(Role.OWNER)
def delete_team(request: HttpRequest, team: str) -> HttpResponse:
    """Delete the team; its books stay."""
    membership = get_membership(request, team, Role.OWNER)
    stakes = stakes_of(membership.team)
    form = DeleteTeamForm(request.POST or None, team=membership.team, leases=stakes.leases)
    if form.is_valid():
        try:
            operations.close_team(
                actor=membership, give_up_leases=bool(form.cleaned_data.get("give_up_leases"))
            )
        except (operations.IsPersonal, operations.StillInUse) as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("%(team)s was deleted.") % {"team": membership.team})
            return redirect("accounts:home")
    context = {"team": membership.team, "membership": membership, "form": form, "stakes": stakes}
    status = 422 if form.is_bound else 200
    return render(request, "accounts/delete_team.html", context, status=status)
