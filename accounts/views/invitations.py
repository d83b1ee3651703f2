"""Inviting people to a team, and the page behind the link of the mail."""

from uuid import UUID

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts import operations
from accounts.access import get_membership, get_user
from accounts.adapter import INVITED
from accounts.forms import InviteForm
from accounts.fresh_sign_in import fresh_sign_in_required
from accounts.models import Invitation, Membership, Role
from accounts.views.teams import render_team


@login_required
@require_POST
@fresh_sign_in_required(Role.ADMIN, "accounts:team")
def invite(request: HttpRequest, team: str) -> HttpResponse:
    """Send an invitation."""
    membership = get_membership(request, team, Role.ADMIN)
    form = InviteForm(request.POST, membership=membership)
    if not form.is_valid():
        return render_team(request, membership, invite_form=form, status=422)
    email = form.cleaned_data["email"]
    if not _may_send(request, membership, email):
        return ratelimit.respond_429(request)
    try:
        operations.invite(actor=membership, **form.cleaned_data)
    except operations.AlreadyThere as refusal:
        form.add_error("email", refusal.message)
        return render_team(request, membership, invite_form=form, status=422)
    except operations.NotSent as failure:
        messages.error(request, failure.message)
    else:
        messages.success(
            request, _("The invitation is on its way to %(email)s.") % {"email": email}
        )
    return _back(team)


@login_required
@require_POST
@fresh_sign_in_required(Role.ADMIN, "accounts:team")
def resend_invitation(request: HttpRequest, team: str, invitation: UUID) -> HttpResponse:
    """Send a new link; the old one is dead."""
    membership, row = _get(request, team, invitation)
    if not _may_send(request, membership, row.email):
        return ratelimit.respond_429(request)
    try:
        operations.resend_invitation(actor=membership, invitation_id=row.pk)
    except Invitation.DoesNotExist:
        raise Http404 from None
    except operations.NotSent as failure:
        messages.error(request, failure.message)
    else:
        messages.success(request, _("A new link was sent; the old one is no longer good."))
    return _back(team)


@login_required
@require_POST
@fresh_sign_in_required(Role.ADMIN, "accounts:team")
def revoke_invitation(request: HttpRequest, team: str, invitation: UUID) -> HttpResponse:
    """Withdraw it."""
    membership, row = _get(request, team, invitation)
    try:
        operations.revoke_invitation(actor=membership, invitation_id=row.pk)
    except Invitation.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The invitation was withdrawn; its link is no longer good."))
    return _back(team)


@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Say who invites to what. A post joins; from a stranger it leads to the making of an account."""
    found = operations.find_invitation(token=token)
    if found is None:
        return _over(request)
    if not request.user.is_authenticated:
        return _sign_up(request, found) if request.method == "POST" else _page(request, found)
    user = get_user(request)
    if found.accepted_at and found.accepted_by_id != user.pk:
        return _over(request)
    if request.method != "POST":
        is_theirs = found.email in operations.addresses_of(user)
        return _page(request, found, is_theirs=is_theirs, is_member=_is_in(found, user.pk))
    try:
        operations.accept_invitation(invitation=found, user=user)
    except operations.InvitationOver:
        return _over(request)
    except operations.WrongAddress:
        return _page(request, found, status=403)
    request.session.pop(INVITED, None)
    messages.success(request, _("Welcome to %(team)s.") % {"team": found.team})
    return redirect("rentals:desk", found.team.slug)


def _page(
    request: HttpRequest,
    found: Invitation,
    *,
    is_theirs: bool = False,
    is_member: bool = False,
    status: int = 200,
) -> HttpResponse:
    # Not as `team`: the page is nobody's desk yet.
    context = {
        "invitation": found,
        "is_theirs": is_theirs,
        "is_member": is_member,
        "can_confirm": settings.ACCOUNT_EMAIL_VERIFICATION != "none",
    }
    return render(request, "accounts/invitation.html", context, status=status)


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation_over.html", status=404)


def _sign_up(request: HttpRequest, found: Invitation) -> HttpResponse:
    """Whoever has the link reads mail at its address: that very one needs no other confirmation."""
    request.session[INVITED] = str(found.pk)
    return redirect(f"{reverse('account_signup')}?{urlencode({'next': request.path})}")


def _is_in(found: Invitation, user_id: int) -> bool:
    return found.team.memberships.filter(user=user_id).exists()


def _may_send(request: HttpRequest, membership: Membership, email: str) -> bool:
    """Whether another mail may go out: for who sends, for the team, and for who gets it."""
    return all(
        (
            ratelimit.consume(request, action="invite", user=membership.user),
            ratelimit.consume(request, action="invite_team", key=f"{membership.team_id}"),
            ratelimit.consume(request, action="invite_address", key=email),
        )
    )


def _get(request: HttpRequest, team: str, invitation: UUID) -> tuple[Membership, Invitation]:
    membership = get_membership(request, team, Role.ADMIN)
    row = membership.team.invitations.open().filter(pk=invitation).first()
    if row is None:
        raise Http404
    return membership, row


def _back(team: str) -> HttpResponse:
    return redirect(f"{reverse('accounts:team', args=[team])}#invitations")
