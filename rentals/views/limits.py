"""The limits of a team and of its members: what is used of each, and the forms to set them."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.fresh_sign_in import fresh_sign_in_required
from accounts.models import Membership, Role
from rentals.forms import LimitForm
from rentals.limits import Gauge, read_all_gauges
from rentals.models import Limit
from rentals.operations.limits import set_limit
from rentals.views.htmx import HtmxRequest
from rentals.wording import figures_of


@dataclass(frozen=True, slots=True)
class Bar:
    """A gauge, and its figures as a reader sees them."""

    gauge: Gauge
    figures: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bound:
    """Who is bound: a member, or the whole team for None. ``form`` is for owners and admins."""

    member: Membership | None
    bars: list[Bar]
    form: LimitForm | None = None

    @property
    def user_id(self) -> int | None:
        """The member's user; None for the whole team."""
        return None if self.member is None else self.member.user_id


@login_required
@require_safe
def limits(request: HtmxRequest, team: str) -> HttpResponse:
    """Owners and admins see everybody's limits and set them; others the team's and their own."""
    membership = get_membership(request, team)
    return render(request, "rentals/limits.html", _page_of(membership))


@login_required
@require_POST
@fresh_sign_in_required(Role.ADMIN, "rentals:limits")
def set_limits(request: HtmxRequest, team: str, user_id: int | None = None) -> HttpResponse:
    """Set the limits of a member, or of the whole team where the address names nobody."""
    membership = get_membership(request, team, at_least=Role.ADMIN)
    form = _form_of(user_id, request.POST)
    if not form.is_valid():
        context = _page_of(membership, typed={user_id: form})
        return render(request, "rentals/limits.html", context, status=422)
    try:
        set_limit(actor=membership, member_id=user_id, **form.cleaned_data)
    except Membership.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The limits are set; the next purchase is held to them."))
    return redirect("rentals:limits", team)


def _page_of(
    membership: Membership, typed: dict[int | None, LimitForm] | None = None
) -> dict[str, Any]:
    """Read what the page shows, in four queries however many members there are."""
    bounds = bounds_of(membership)
    if membership.can_manage:
        forms = {bound.user_id: _form_of(bound.user_id) for bound in bounds}
        for limit in membership.team.limits.all():
            forms[limit.member_id] = _form_of(limit.member_id, limit=limit)
        forms |= typed or {}
        bounds = [replace(bound, form=forms[bound.user_id]) for bound in bounds]
    return {"team": membership.team, "membership": membership, "bounds": bounds}


def bounds_of(membership: Membership) -> list[Bound]:
    """Return what binds whom, as far as ``membership`` may see: the team first; three queries."""
    members = membership.team.memberships.select_related("user").order_by("pk")
    if not membership.can_manage:
        members = members.filter(pk=membership.pk)
    gauges = read_all_gauges(membership.team)
    return [
        Bound(member, [Bar(gauge, figures_of(gauge)) for gauge in gauges.get(user_id, [])])
        for user_id, member in [(None, None), *((one.user_id, one) for one in members)]
    ]


def _form_of(user_id: int | None, data: Any = None, limit: Limit | None = None) -> LimitForm:
    initial = {name: _typed(getattr(limit, name, None)) for name in LimitForm.base_fields}
    return LimitForm(data, initial=initial, auto_id=f"id_{user_id or 'team'}_%s")


def _typed(value: Decimal | int | None) -> str:
    """Write a limit as a person would: no zeros behind the last decimal."""
    return "" if value is None else f"{Decimal(value).normalize():f}"
