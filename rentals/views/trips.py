"""The star of an offer, and the row that an offer or a favourite is shown in."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import get_membership
from accounts.models import Membership, Role
from catalog.models import Offer
from rentals.delivery import read_records
from rentals.forms import StarForm
from rentals.models import Trip
from rentals.operations.errors import Refusal
from rentals.operations.queueing import blocked_until
from rentals.operations.trips import star_trip
from rentals.views.htmx import HtmxRequest


def find_offer(membership: Membership, pk: int) -> Offer:
    """Return an offer as a row shows it to this member; raises ``Http404``."""
    offers = Offer.objects.select_related("country", "service").with_age()
    starred = Trip.objects.starred_by(membership)
    return get_object_or_404(offers.annotate(is_favourite=starred), pk=pk)


def show_row(membership: Membership, row: dict[str, Any]) -> dict[str, Any]:
    """Return what the row of ``row["offer"]`` shows besides: its trip, or the team's own record."""
    offer = row["offer"]
    shown: dict[str, Any] = {"can_buy": not blocked_until(row["account"], offer.service_id)}
    if row["at_hand"]:
        trips = Trip.objects.of(membership).at_hand()
        shown["trip"] = trips.filter(service=offer.service_id, country=offer.country_id).first()
    else:
        shown["record"] = read_records(membership.team, offer.service_id).get(offer.country_id)
    return shown


@login_required
@require_POST
def star(request: HtmxRequest, team: str) -> HttpResponse:
    """Make an offer a favourite of who presses, or no longer one; answers the star."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    form = StarForm(request.POST)
    if not form.is_valid():
        return redirect("rentals:desk", team)
    wish = form.cleaned_data
    offer = find_offer(membership, wish["offer"])
    refusal = ""
    try:
        star_trip(member=membership, offer=offer, starred=wish["starred"])
    except Refusal as error:
        refusal = error.message
    if not request.htmx:
        if refusal:
            messages.error(request, refusal)
        desk = reverse("rentals:desk", args=[team])
        return redirect(desk if wish["at_hand"] else f"{desk}?service={offer.service_id}")
    is_favourite = wish["starred"] and not refusal
    context = {"team": membership.team, "offer": offer, "refusal": refusal}
    return render(
        request,
        "rentals/_star.html",
        context | {"is_favourite": is_favourite, "at_hand": wish["at_hand"]},
    )
