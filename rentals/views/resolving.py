"""What a person makes of a purchase of unknown outcome: adopted, not bought or written off."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import get_membership
from accounts.models import Membership, Role
from rentals.forms import AdoptForm, AdoptOrderForm, WriteOffForm
from rentals.models import Purchase
from rentals.operations import unknown
from rentals.operations.errors import Refusal
from rentals.states import PurchaseState
from rentals.views.cards import find_purchase
from rentals.views.htmx import HtmxRequest
from rentals.views.purchase import page_of


@login_required
@require_POST
def adopt(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """It was bought: take over the number or the order that is on the provider's site."""
    membership = get_membership(request, team, at_least=Role.ADMIN)
    purchase = find_purchase(membership, code)
    form = (AdoptOrderForm if purchase.is_of_lease else AdoptForm)(request.POST)
    if not form.is_valid():
        return _ask_again(request, membership, purchase, adopt_form=form)
    adopt_it = unknown.adopt_order if purchase.is_of_lease else unknown.adopt
    try:
        adopt_it(purchase=purchase, actor=membership.user, **form.cleaned_data)
    except Refusal as error:
        form.add_error(None, error.message)
        return _ask_again(request, membership, purchase, error.message, adopt_form=form)
    return _back(purchase)


@login_required
@require_POST
def not_bought(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """It was not bought: give the reservation back."""
    membership = get_membership(request, team, at_least=Role.ADMIN)
    purchase = find_purchase(membership, code)
    try:
        unknown.declare_not_bought(purchase=purchase, actor=membership.user)
    except Refusal as error:
        messages.error(request, error.message)
    return _back(purchase)


@login_required
@require_POST
def write_off(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """Nobody can tell: count the money as lost, once the box is ticked."""
    membership = get_membership(request, team, at_least=Role.ADMIN)
    purchase = find_purchase(membership, code)
    form = WriteOffForm(request.POST)
    if not form.is_valid():
        return _ask_again(request, membership, purchase, write_off_form=form)
    try:
        unknown.write_off(purchase=purchase, actor=membership.user)
    except Refusal as error:
        messages.error(request, error.message)
    return _back(purchase)


def _ask_again(
    request: HtmxRequest,
    membership: Membership,
    purchase: Purchase,
    refusal: str = "",
    **form: Form,
) -> HttpResponse:
    """Answer the page with what was typed and what is wrong with it, while there is a form at all.

    A purchase that was decided meanwhile has none: its page says ``refusal`` at the top.
    """
    purchase = find_purchase(membership, str(purchase.code))
    if purchase.state != PurchaseState.UNKNOWN:
        if refusal:
            messages.error(request, refusal)
        return _back(purchase)
    context = page_of(request, membership, purchase) | form
    return render(request, "rentals/purchase.html", context, status=422)


def _back(purchase: Purchase) -> HttpResponse:
    return redirect("rentals:purchase", purchase.team.slug, purchase.code)
