"""Teams and their members."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import operations
from accounts.access import get_membership, get_user
from accounts.forms import InviteForm, RoleForm, TeamForm, TermsForm
from accounts.fresh_sign_in import fresh_sign_in_required
from accounts.models import AuditEntry, Membership, Role, Team
from accounts.second_factor import has_given

ENTRIES_SHOWN = 5


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_team(request: HttpRequest) -> HttpResponse:
    """Make a team that one owns."""
    form = TeamForm(request.POST or None)
    if form.is_valid():
        team = operations.create_team(owner=get_user(request), name=form.cleaned_data["name"])
        messages.success(request, _("The team is ready. First the terms, then a provider account."))
        return redirect("accounts:team_terms", team.slug)
    return render(request, "accounts/new_team.html", {"form": form})


@login_required
@require_safe
def team(request: HttpRequest, team: str) -> HttpResponse:
    """Everything about the team on one page: members, invitations, accounts, rules, what was changed."""
    return render_team(request, get_membership(request, team))


def render_team(
    request: HttpRequest,
    membership: Membership,
    *,
    invite_form: InviteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a team, with what the reader may change; ``invite_form`` where it was refused."""
    members = membership.team.memberships.select_related("user").order_by("pk")
    context = {
        "team": membership.team,
        "membership": membership,
        "members": [(member, membership.may_manage(member)) for member in members],
        "is_owner": membership.may(Role.OWNER),
        "accounts": membership.provider_accounts().order_by("name", "pk"),
        "roles": [(role.value, role.label) for role in Role if membership.may_give(role)],
    }
    if membership.can_manage:
        context["invite_form"] = invite_form or InviteForm(membership=membership)
        context["invitations"] = _invitations(membership)
        context["trail"] = AuditEntry.objects.of_team(membership.team)[:ENTRIES_SHOWN]
    return render(request, "accounts/team.html", context, status=status)


def _invitations(membership: Membership) -> list[dict[str, Any]]:
    """The open invitations, oldest first, with whether each link is good and may be changed."""
    rows = membership.team.invitations.open().select_related("invited_by").order_by("created")
    return [
        {
            "invitation": row,
            "is_good": operations.is_good(row),
            "changeable": membership.may_give(Role(row.role)),
        }
        for row in rows
    ]


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """The terms of fair use, for everybody to read."""
    return render(request, "accounts/terms.html")


@login_required
@require_safe
def team_terms(request: HttpRequest, team: str) -> HttpResponse:
    """The terms, who has accepted them for the team, and the form for owners and admins to do so."""
    membership = get_membership(request, team)
    form = TermsForm(instance=membership.team) if membership.can_manage else None
    return render(request, "accounts/team_terms.html", _terms_page(membership, form))


@login_required
@require_POST
def accept_terms(request: HttpRequest, team: str) -> HttpResponse:
    """Accept them for the team."""
    membership = get_membership(request, team, Role.ADMIN)
    form = TermsForm(request.POST, instance=Team.objects.get(pk=membership.team_id))
    if not form.is_valid():
        context = _terms_page(membership, form)
        return render(request, "accounts/team_terms.html", context, status=422)
    operations.accept_terms(actor=membership, purpose=form.cleaned_data["purpose"])
    messages.success(request, _("Thank you. The team can buy numbers now."))
    return redirect("rentals:desk", team)


def _terms_page(membership: Membership, form: TermsForm | None) -> dict[str, Any]:
    return {"team": membership.team, "membership": membership, "form": form}


@login_required
@require_POST
@fresh_sign_in_required(Role.OWNER, "accounts:team")
def require_second_factor(request: HttpRequest, team: str) -> HttpResponse:
    """Want a second factor of all members, or of none."""
    membership = get_membership(request, team, Role.OWNER)
    required = request.POST.get("required") == "1"
    if required and not has_given(request, membership.user):
        messages.error(
            request,
            _("Nothing was changed. Set up a second factor of your own first: see Me."),
        )
        return redirect("accounts:team", team)
    operations.require_second_factor(actor=membership, required=required)
    if required:
        messages.success(request, _("Members need a second factor from now on."))
    else:
        messages.success(request, _("Members need no second factor any more."))
    return redirect("accounts:team", team)


@login_required
@require_POST
@fresh_sign_in_required(Role.ADMIN, "accounts:team")
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
