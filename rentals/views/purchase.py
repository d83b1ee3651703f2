"""One purchase with everything that is known about it."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from core.crypto import CannotUnseal
from rentals.models import Event, LedgerEntry, Purchase
from rentals.views.board import cards_of
from rentals.views.cards import find_purchase
from rentals.views.htmx import HtmxRequest
from rentals.wording import explain_event


@dataclass(frozen=True, slots=True)
class Stop:
    """One line of the timeline."""

    event: Event
    words: str


@login_required
@require_safe
def purchase(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """The page; for htmx, which asks when the purchase changed, only its content."""
    membership = get_membership(request, team)
    found = find_purchase(membership, code)
    events = found.events.select_related("actor")
    [card] = cards_of(membership, [found])
    entries: list[LedgerEntry] = list(found.entries.order_by("pk"))
    context = {
        "team": membership.team,
        "membership": membership,
        "purchase": found,
        "card": card,
        "timeline": [Stop(event, explain_event(event)) for event in events],
        "entries": entries,
        "raw_answer": _raw_answer(found) if membership.can_manage or _is_staff(request) else None,
    }
    is_live = request.htmx and not request.htmx.history_restore_request
    return render(request, f"rentals/{'_purchase' if is_live else 'purchase'}.html", context)


def _is_staff(request: HtmxRequest) -> bool:
    return request.user.is_authenticated and request.user.is_staff


def _raw_answer(purchase: Purchase) -> str | None:
    """The provider's answer as it came, without the token; None where none is kept."""
    try:
        return purchase.answer()
    except CannotUnseal:
        return _("It cannot be opened: the key that sealed it is no longer in TOKEN_KEYS.")
