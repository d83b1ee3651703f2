"""Everything a team ever bought, newest first."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Team
from core.money import ZERO
from rentals.models import LedgerEntry, Purchase
from rentals.models.purchase import PurchaseQuerySet
from rentals.states import ActivationState, LeaseState, PurchaseState
from rentals.views.htmx import HtmxRequest

PAGE = 50
DIGITS_OF_A_NUMBER = 3  # fewer are part of a name
Kind = LedgerEntry.Kind

# A purchase that was bought is where its number is.
STATES = {s.value: s.label for s in PurchaseState if s != PurchaseState.BOUGHT}
STATES |= {s.value: s.label for s in (*LeaseState, *ActivationState)}


@dataclass(frozen=True, slots=True)
class Row:
    """A purchase and what the ledger says about it, in US dollars."""

    purchase: Purchase
    spent: Decimal
    reserved: Decimal


@login_required
@require_safe
def history(request: HtmxRequest, team: str) -> HttpResponse:
    """One page of rows; ``?state=``, ``?q=`` (a number, a service or an area) and ``?before=`` (a place)."""
    membership = get_membership(request, team)
    state, text = request.GET.get("state", ""), request.GET.get("q", "").strip()[:100]
    before = request.GET.get("before", "")
    purchases = _before(_matching(membership.team, state, text), before)
    found = list(purchases.for_display().prefetch_related("entries")[: PAGE + 1])
    rows = [row_of(purchase) for purchase in found[:PAGE]]
    older = ""
    if len(found) > PAGE:
        last = found[PAGE - 1]
        place = f"{last.created.isoformat()},{last.pk}"
        older = urlencode({"state": state, "q": text, "before": place})
    context = {
        "team": membership.team,
        "membership": membership,
        "rows": rows,
        "older": older,
        "states": STATES.items(),
        "state": state,
        "text": text,
        "before": before,
    }
    is_more = request.htmx and not request.htmx.history_restore_request and before
    return render(request, f"rentals/{'_history_rows' if is_more else 'history'}.html", context)


def row_of(purchase: Purchase) -> Row:
    """Add up what was written in the ledger for ``purchase``; its entries are prefetched."""
    amounts = {entry.kind: entry.amount for entry in purchase.entries.all()}
    spent = amounts.get(Kind.CHARGE, ZERO) + amounts.get(Kind.LOSS, ZERO)
    settled = amounts.keys() & set(LedgerEntry.SETTLEMENTS)
    return Row(
        purchase=purchase,
        spent=spent - amounts.get(Kind.REFUND, ZERO),
        reserved=ZERO if settled else amounts.get(Kind.HOLD, ZERO),
    )


def _matching(team: Team, state: str, text: str) -> PurchaseQuerySet:
    purchases = team.purchases.order_by("-created", "-pk")
    if state in PurchaseState.values:
        purchases = purchases.filter(state=state)
    elif state in STATES:
        purchases = purchases.filter(Q(activation__state=state) | Q(lease__state=state))
    if text:
        wanted = Q(service__title__icontains=text) | Q(area_name__icontains=text)
        digits = "".join(character for character in text if character in "0123456789")
        if len(digits) >= DIGITS_OF_A_NUMBER:
            wanted |= Q(activation__number__contains=digits)
            wanted |= Q(lease__number__contains=digits) | Q(renews__number__contains=digits)
        purchases = purchases.filter(wanted)
    return purchases


def _before(purchases: PurchaseQuerySet, place: str) -> PurchaseQuerySet:
    """Only what comes after ``place`` in the list, found by index; a place that is none is ignored."""
    found = _read_place(place)
    if found is None:
        return purchases
    created, pk = found
    # The first condition is implied by the second; it is what makes the index jump there.
    return purchases.filter(Q(created__lt=created) | Q(pk__lt=pk), created__lte=created)


def _read_place(place: str) -> tuple[datetime, int] | None:
    moment, _, pk = place.partition(",")
    try:
        created = parse_datetime(moment)
        number = int(pk)
    except ValueError:
        return None
    if created is None or created.tzinfo is None or not 0 < number < 2**63:
        return None
    return created, number
