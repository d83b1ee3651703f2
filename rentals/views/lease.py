"""One long-term number: its inbox, its dates, its money, and what a member can do with it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.models import Membership, Role
from catalog.models import Area
from core.money import ZERO
from core.ratelimit import at_most
from rentals.forms import CancelLeaseForm, LeaseChoiceForm, LinkForm, RenewForm
from rentals.models import Lease, LedgerEntry
from rentals.operations import lease as operations
from rentals.operations.errors import Refusal
from rentals.operations.purchase import request_renewal
from rentals.operations.reading import ask_for_reading
from rentals.views.history import Row, row_of
from rentals.views.htmx import HtmxRequest
from rentals.views.leases import Fare
from rentals.visibility import may_read

MESSAGES_SHOWN = 50


@login_required
@require_safe
def lease(request: HtmxRequest, team: str, lease: UUID) -> HttpResponse:
    """The page; for htmx, which asks when the lease changed, only its content."""
    membership, found = _find(request, team, lease, Role.VIEWER)
    ask_for_reading(membership.team)
    context = _page_of(request, membership, found)
    is_live = request.htmx and not request.htmx.history_restore_request
    return render(request, f"rentals/{'_lease' if is_live else 'lease'}.html", context)


@login_required
@require_safe
def renewal(request: HtmxRequest, team: str, lease: UUID) -> HttpResponse:
    """The button that renews for ``?months=``, with its price, while somebody chooses."""
    membership, found = _find(request, team, lease)
    if not request.htmx:
        return redirect(found)
    fare = _fare(found, request.GET.get("months", ""))
    context = {"team": membership.team, "lease": found, "fare": fare}
    return render(request, "rentals/_renewal.html", context)


@login_required
@at_most("purchase")
@require_POST
def renew(request: HtmxRequest, team: str, lease: UUID) -> HttpResponse:
    """Buy more months."""
    membership, found = _find(request, team, lease)
    form = RenewForm(request.POST, auto_renew=found.auto_renew)
    if not form.is_valid():
        return _ask_again(request, membership, found, renew_form=form)
    area = get_object_or_404(Area, provider_id=found.area_code)
    wish = {name: form.cleaned_data[name] for name in ("months", "quoted", "client_key")}
    try:
        request_renewal(lease=found, area=area, buyer=membership.user, **wish)
    except Refusal as error:
        form.add_error(None, error.message)
        return _ask_again(request, membership, found, renew_form=form)
    return redirect(found)


@login_required
@require_POST
def cancel(request: HtmxRequest, team: str, lease: UUID) -> HttpResponse:
    """Give the number back for its price, once the box is ticked."""
    membership, found = _find(request, team, lease)
    form = CancelLeaseForm(request.POST)
    if not form.is_valid() and found.can_cancel:
        return _ask_again(request, membership, found, cancel_form=form)
    if not operations.request_cancel(lease=found, actor=membership.user):
        messages.error(request, _("This number can no longer be given back; nothing was changed."))
    return redirect(found)


@login_required
@require_POST
def link(request: HtmxRequest, team: str, lease: UUID) -> HttpResponse:
    """Let anyone with the link read the SMS, or stop that."""
    membership, found = _find(request, team, lease)
    if not may_read(membership, found.purchase):
        raise PermissionDenied  # by the link they could
    form = LinkForm(request.POST)
    form.is_valid()  # a box that is not ticked is off
    try:
        operations.set_public(lease=found, actor=membership.user, **form.cleaned_data)
    except Refusal as error:
        messages.error(request, error.message)
    return redirect(found)


def _find(
    request: HtmxRequest, team: str, lease: UUID, at_least: Role = Role.MEMBER
) -> tuple[Membership, Lease]:
    membership = get_membership(request, team, at_least)
    return membership, get_object_or_404(membership.team.leases.for_display(), code=lease)


def _ask_again(
    request: HtmxRequest, membership: Membership, found: Lease, **form: Form
) -> HttpResponse:
    """Answer the page with what was typed and what is wrong with it."""
    context = _page_of(request, membership, found, **form)
    return render(request, "rentals/lease.html", context, status=422)


def _page_of(
    request: HtmxRequest, membership: Membership, found: Lease, **form: Form
) -> dict[str, Any]:
    """Read what the page shows: the same number of queries whatever happened."""
    rows = [row_of(row) for row in found.purchases.for_display().prefetch_related("entries")]
    newest_first = found.messages.order_by("-received_at", "-pk")
    inbox = Paginator(newest_first, MESSAGES_SHOWN).get_page(request.GET.get("page"))
    can_read = may_read(membership, found.purchase)
    if not can_read:
        inbox.object_list = list(inbox.object_list)
        for message in inbox.object_list:
            message.conceal()
    months = request.POST.get("months", "") if "renew_form" in form else ""
    return {
        "team": membership.team,
        "membership": membership,
        "lease": found,
        "inbox": inbox,
        "can_read": can_read,
        "may_renew": membership.can_buy and found.account.is_for(membership.user_id),
        "rows": rows,
        "spent": sum((row.spent for row in rows), ZERO),
        "reserved": sum((row.reserved for row in rows), ZERO),
        "refunded": _refunded(rows),
        "fare": _fare(found, months),
        "renew_form": RenewForm(auto_renew=found.auto_renew),
        "cancel_form": CancelLeaseForm(),
        "asks_again": bool(form),
    } | form


def _refunded(rows: list[Row]) -> Decimal:
    entries = (entry for row in rows for entry in row.purchase.entries.all())
    return sum((e.amount for e in entries if e.kind == LedgerEntry.Kind.REFUND), ZERO)


def _fare(found: Lease, months: str) -> Fare | None:
    """What a renewal costs now; None where its area is no longer offered."""
    area = Area.objects.listed().filter(provider_id=found.area_code).first()
    if area is None:
        return None
    chosen = LeaseChoiceForm({"months": months})
    chosen.is_valid()  # what makes no sense counts as not chosen
    return Fare(area, max(chosen.cleaned_data.get("months") or 1, area.min_months))
