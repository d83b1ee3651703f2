"""Pressing a button with a price on it. The purchase is written; a worker buys."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import retarget, trigger_client_event

from accounts.access import get_membership
from accounts.models import Membership, Role
from catalog.models import Area, Offer
from core.ratelimit import at_most
from rentals.forms import BuyForm, QuoteForm
from rentals.models import Purchase
from rentals.operations.errors import Refusal
from rentals.operations.purchase import (
    request_lease,
    request_number,
    request_renewal,
    request_reuse,
)
from rentals.states import ActivationState
from rentals.views.board import board_of
from rentals.views.cards import answer_card, find_purchase, home_of
from rentals.views.htmx import HtmxRequest
from rentals.views.money import money_of
from rentals.views.refusals import tell
from rentals.views.trips import find_offer, show_row
from rentals.visibility import may_read


@login_required
@at_most("purchase")
@require_POST
def buy(request: HtmxRequest, team: str) -> HttpResponse:
    """Buy a number of an offer. Answers its row with a new key, and the board beside it."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    form = BuyForm(request.POST)
    if not form.is_valid():
        return _spoilt(request, membership)
    wish = form.cleaned_data
    row = {"sort": wish.pop("sort"), "at_hand": wish.pop("at_hand")}
    offer = find_offer(membership, wish.pop("offer"))
    account = get_object_or_404(membership.provider_accounts(), pk=wish.pop("account"))
    refusal = ""
    try:
        request_number(
            team=membership.team, buyer=membership.user, account=account, offer=offer, **wish
        )
    except Refusal as error:
        refusal = tell(error, membership.team)
    row |= {"offer": offer, "account": account, "reusable_only": wish["reusable_only"]}
    return _answer(request, membership, row, refusal)


@login_required
@at_most("purchase")
@require_POST
def again(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """Go on from a finished purchase: use its number again, or buy another for the same trip."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    earlier = find_purchase(membership, code)
    form = QuoteForm(request.POST)
    if not form.is_valid():
        return _spoilt(request, membership)
    try:
        bought = _buy_again(membership, earlier, form.cleaned_data)
    except Refusal as error:
        card = answer_card(request, membership, earlier, refusal=tell(error, membership.team))
        return retarget(card, f"#card-{earlier.code}") if request.htmx else card
    if bought.is_of_lease:
        return redirect(home_of(bought))
    return _answer(request, membership, {}, "")


def _buy_again(membership: Membership, earlier: Purchase, quote: dict[str, Any]) -> Purchase:
    number = getattr(earlier, "activation", None)
    if number is not None and number.state == ActivationState.RECEIVED:
        if not may_read(membership, earlier):
            raise PermissionDenied  # what comes next is for who had the number before
        return request_reuse(activation=number, buyer=membership.user, **quote)
    if earlier.is_of_lease:
        return _lease_again(membership, earlier, quote)
    offer = get_object_or_404(
        Offer.objects.select_related("country", "service"),
        service=earlier.service_id,
        country=earlier.country_id,
    )
    return request_number(
        team=membership.team,
        buyer=membership.user,
        account=earlier.account,
        offer=offer,
        reusable_only=earlier.reusable_only,
        **quote,
    )


def _lease_again(membership: Membership, earlier: Purchase, quote: dict[str, Any]) -> Purchase:
    area = get_object_or_404(Area, provider_id=earlier.area_code)
    wish = {"area": area, "months": earlier.months or 0, "buyer": membership.user, **quote}
    if earlier.renews is not None:
        return request_renewal(lease=earlier.renews, **wish)
    return request_lease(team=membership.team, account=earlier.account, **wish)


def _answer(
    request: HtmxRequest, membership: Membership, row: dict[str, Any], refusal: str
) -> HttpResponse:
    """The row that was pressed (none for a card), then board and money where something was bought.

    ``row`` is what ``_offer.html`` shows. Without htmx it is a way back to the desk as it was.
    """
    if not request.htmx:
        if refusal:
            messages.error(request, refusal)
        return redirect(_desk_address(membership, row))
    context = row | {"team": membership.team, "membership": membership, "refusal": refusal}
    context |= show_row(membership, row) if row else {}
    if not refusal:
        context["board"] = board_of(membership)
        context["money"] = money_of(membership) if row else None
    response = render(request, "rentals/_bought.html", context)
    if refusal:
        return response
    return trigger_client_event(response, "bought", after="settle")


def _spoilt(request: HtmxRequest, membership: Membership) -> HttpResponse:
    """A form that no button of ours sends: nothing can be said about what was meant."""
    messages.error(
        request, _("The form was not complete. Nothing was bought; choose again and press once.")
    )
    address = reverse("rentals:desk", args=[membership.team.slug])
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _desk_address(membership: Membership, row: dict[str, Any]) -> str:
    address = reverse("rentals:desk", args=[membership.team.slug])
    if row and not row["at_hand"]:
        chosen = {"service": row["offer"].service_id, "account": row["account"].pk}
        if row["reusable_only"]:
            chosen["reusable_only"] = "on"
        if row["sort"]:
            chosen["sort"] = row["sort"]
        address += f"?{urlencode(chosen)}"
    return f"{address}#board"
