"""One card of the board, and what a member can do with it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.models import Membership, Role
from rentals.models import Purchase
from rentals.operations import purchase as operations
from rentals.operations.activation import request_cancel
from rentals.views.board import board_of, cards_of
from rentals.views.htmx import HtmxRequest


def find_purchase(membership: Membership, code: str) -> Purchase:
    """Return a purchase of the member's team with all that a card shows; raises ``Http404``."""
    return get_object_or_404(membership.team.purchases.for_cards(), code=code)


def home_of(purchase: Purchase) -> str:
    """Return the address where a purchase stands among others: the desk, the leases, or its lease."""
    if purchase.renews is not None:
        return purchase.renews.get_absolute_url()
    page = "leases" if purchase.is_of_lease else "desk"
    return reverse(f"rentals:{page}", args=[purchase.team.slug])


def answer_card(
    request: HtmxRequest, membership: Membership, purchase: Purchase, refusal: str = ""
) -> HttpResponse:
    """Answer the card; without htmx the way back to the page, with the refusal as a message."""
    if not request.htmx and request.method == "POST":
        if refusal:
            messages.error(request, refusal)
        if request.POST.get("back") == "purchase":
            return redirect("rentals:purchase", membership.team.slug, purchase.code)
        return redirect(home_of(purchase))
    [card] = cards_of(membership, [purchase], refusal)
    context = {"team": membership.team, "membership": membership, "card": card}
    return render(request, "rentals/_card.html", context)


@login_required
@require_safe
def card(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """The card as it is now, for a page that heard that it changed."""
    membership = get_membership(request, team)
    return answer_card(request, membership, find_purchase(membership, code))


@login_required
@require_POST
def cancel(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """Give a waiting number back."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    purchase = find_purchase(membership, code)
    number = getattr(purchase, "activation", None)
    if number is not None and request_cancel(activation=number, actor=membership.user):
        return answer_card(request, membership, purchase)
    refusal = _("There was nothing to cancel any more; nothing was changed.")
    return answer_card(request, membership, find_purchase(membership, code), refusal)


@login_required
@require_POST
def abandon(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """Take back a purchase that was not sent yet."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    purchase = find_purchase(membership, code)
    if operations.abandon_purchase(purchase=purchase, actor=membership.user):
        return answer_card(request, membership, purchase)
    refusal = _("Too late to give up; this is what became of it.")
    return answer_card(request, membership, find_purchase(membership, code), refusal)


@login_required
@require_POST
def put_away(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """Take a finished card off the board; it stays in history."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    purchase = find_purchase(membership, code)
    if not operations.put_away(purchase=purchase):
        refusal = _("It is not finished yet, so it stays on the board.")
        return answer_card(request, membership, purchase, refusal)
    if not request.htmx:
        return redirect(home_of(purchase))
    context = {
        "team": membership.team,
        "membership": membership,
        "board": board_of(membership),
    }
    return render(request, "rentals/_board.html", context)
