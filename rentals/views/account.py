"""The money of one provider account: what it holds, and what came or went past the ledger."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.models import Membership, ProviderAccount, Role
from rentals.forms import ExplainForm
from rentals.models import BalanceSnapshot
from rentals.operations import drift
from rentals.operations.errors import Refusal
from rentals.operations.queueing import free_slots, known_limit
from rentals.views.htmx import HtmxRequest

DRIFTS_SHOWN = 20
READINGS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Difference:
    """A drift, and the form to explain it with."""

    snapshot: BalanceSnapshot
    form: ExplainForm


@login_required
@require_safe
def account_money(request: HtmxRequest, team: str, account: UUID) -> HttpResponse:
    """The page; for htmx, which asks when money moved, only its content."""
    membership, found = _find(request, team, account)
    is_live = request.htmx and not request.htmx.history_restore_request
    context = _page_of(membership, found)
    return render(request, f"rentals/{'_account' if is_live else 'account'}.html", context)


@login_required
@require_POST
def explain_drift(request: HtmxRequest, team: str, account: UUID, snapshot: int) -> HttpResponse:
    """Note what a drift was, so that it is no longer pointed out."""
    membership, found = _find(request, team, account, at_least=Role.ADMIN)
    drifted = get_object_or_404(found.snapshots.with_drift(), pk=snapshot)
    form = _form_of(drifted, request.POST)
    if not form.is_valid():
        context = _page_of(membership, found, typed={drifted.pk: form})
        return render(request, "rentals/account.html", context, status=422)
    try:
        drift.explain_drift(snapshot=drifted, actor=membership.user, **form.cleaned_data)
    except Refusal as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Noted. The difference stays in the list."))
    return redirect("rentals:account_money", team, found.pk)


def _find(
    request: HtmxRequest, team: str, account: UUID, at_least: Role = Role.MEMBER
) -> tuple[Membership, ProviderAccount]:
    membership = get_membership(request, team, Role.MEMBER)
    found = get_object_or_404(membership.provider_accounts(), pk=account)
    if not membership.may(at_least) and not found.private_to_id:
        raise PermissionDenied
    return membership, found


def _page_of(
    membership: Membership,
    account: ProviderAccount,
    typed: dict[int, ExplainForm] | None = None,
) -> dict[str, Any]:
    """Read what the page shows: the same number of queries whatever happened."""
    drifts = account.snapshots.with_drift().select_related("explained_by").order_by("-pk")
    shown = list(drifts[:DRIFTS_SHOWN])
    return {
        "team": membership.team,
        "membership": membership,
        "account": account,
        "reserved": account.purchases.reserved(),
        "spent": account.entries.spent(),
        "limit": known_limit(account),
        "free": free_slots(account),
        "apparent": drift.find_apparent(account),
        "differences": [Difference(row, (typed or {}).get(row.pk, _form_of(row))) for row in shown],
        "readings": list(account.snapshots.order_by("-pk")[:READINGS_SHOWN]),
    }


def _form_of(snapshot: BalanceSnapshot, data: Any = None) -> ExplainForm:
    return ExplainForm(data, auto_id=f"id_{snapshot.pk}_%s")
