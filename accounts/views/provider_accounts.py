"""A team's accounts at the provider: everybody sees their names, members their money, admins manage."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import operations
from accounts.access import get_membership
from accounts.forms import AddProviderAccountForm, EditProviderAccountForm
from accounts.fresh_sign_in import fresh_sign_in_required
from accounts.models import Membership, ProviderAccount, Role
from core.money import ZERO, format_usd
from core.ratelimit import at_most


@login_required
@require_safe
def provider_accounts(request: HttpRequest, team: str) -> HttpResponse:
    """The team's accounts, with what the reader's role may know."""
    membership = get_membership(request, team)
    accounts = membership.provider_accounts().order_by("name", "pk")
    context = {
        "team": membership.team,
        "membership": membership,
        "accounts": [(account, membership.manages(account)) for account in accounts],
        "private": _private_to_others(membership) if membership.may(Role.OWNER) else [],
    }
    return render(request, "accounts/provider_accounts.html", context)


@sensitive_post_parameters("token", "refer_id")
@login_required
@at_most("provider account")
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_required(Role.MEMBER)
def add_provider_account(request: HttpRequest, team: str) -> HttpResponse:
    """Save a token that the provider confirms: of the team, or of who gives it alone."""
    membership = get_membership(request, team, Role.MEMBER)
    form = AddProviderAccountForm(request.POST or None)
    if not membership.can_manage:
        del form.fields["private"]  # it is, whatever a form says
    if form.is_valid():
        form.cleaned_data.setdefault("private", True)
        try:
            account = operations.add_provider_account(
                team=membership.team, actor=membership.user, **form.cleaned_data
            )
        except operations.TokenNotAccepted as refusal:
            form.add_error("token", refusal.message)
        else:
            messages.success(request, _holds(account))
            return redirect("accounts:provider_accounts", team)
    context = {"team": membership.team, "membership": membership, "form": form}
    return render(request, "accounts/add_provider_account.html", context)


@sensitive_post_parameters("token", "refer_id")
@login_required
@at_most("provider account")
@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in_required(Role.MEMBER)
def edit_provider_account(request: HttpRequest, team: str, account: UUID) -> HttpResponse:
    """Change the name, put in another token or referral ID."""
    membership, row = _get(request, team, account)
    form = EditProviderAccountForm(request.POST or None, initial={"name": row.name})
    if form.is_valid():
        try:
            operations.edit_provider_account(
                account=row,
                actor=membership.user,
                name=form.cleaned_data["name"],
                token=form.cleaned_data["token"],
                refer_id=form.chosen_refer_id(),
            )
        except operations.TokenNotAccepted as refusal:
            form.add_error("token", refusal.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:provider_accounts", team)
    context = {"team": membership.team, "membership": membership, "account": row, "form": form}
    return render(request, "accounts/edit_provider_account.html", context)


@login_required
@at_most("provider account")
@require_POST
def check_provider_account(request: HttpRequest, team: str, account: UUID) -> HttpResponse:
    """Ask the provider now whether it takes the token, and what the account holds."""
    membership, row = _get(request, team, account)
    try:
        operations.check_provider_account(account=row, actor=membership.user)
    except operations.TokenNotAccepted as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _holds(row))
    return redirect("accounts:provider_accounts", team)


@login_required
@require_POST
@fresh_sign_in_required(Role.MEMBER, "accounts:edit_provider_account")
def remove_provider_account(request: HttpRequest, team: str, account: UUID) -> HttpResponse:
    """Forget the token; the books stay."""
    membership, row = _get(request, team, account)
    try:
        operations.remove_provider_account(account=row, actor=membership.user)
    except operations.StillInUse as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(name)s was removed, its token is gone.") % {"name": row})
    return redirect("accounts:provider_accounts", team)


def _get(request: HttpRequest, team: str, account: UUID) -> tuple[Membership, ProviderAccount]:
    membership = get_membership(request, team, Role.MEMBER)
    row = get_object_or_404(membership.provider_accounts(), pk=account)
    if not membership.manages(row):
        raise PermissionDenied
    return membership, row


def _private_to_others(membership: Membership) -> QuerySet[ProviderAccount]:
    """What owners know of private accounts: that there are such, for the books name them."""
    others = membership.team.provider_accounts.kept().exclude(private_to=membership.user_id)
    return others.exclude(private_to=None).select_related("private_to").order_by("name", "pk")


def _holds(account: ProviderAccount) -> str:
    return _("SMS-BUS takes the token of %(name)s. Balance: %(balance)s.") % {
        "name": account.name,
        "balance": format_usd(account.balance or ZERO),
    }
