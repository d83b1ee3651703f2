"""One purchase with everything that is known about it."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Membership
from core.crypto import CannotUnseal
from rentals.forms import AdoptForm, AdoptOrderForm, WriteOffForm
from rentals.models import Event, LedgerEntry, Purchase
from rentals.states import PurchaseState
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
    is_live = request.htmx and not request.htmx.history_restore_request
    context = page_of(request, membership, found)
    return render(request, f"rentals/{'_purchase' if is_live else 'purchase'}.html", context)


def page_of(request: HtmxRequest, membership: Membership, found: Purchase) -> dict[str, Any]:
    """Read what the page shows. ``found`` is a purchase of the member's team, read for display."""
    timeline = [Stop(event, explain_event(event)) for event in found.events.select_related("actor")]
    [card] = cards_of(membership, [found])
    entries: list[LedgerEntry] = list(found.entries.order_by("pk"))
    troubles = [stop for stop in timeline if stop.event.to_state == PurchaseState.UNKNOWN]
    return {
        "team": membership.team,
        "membership": membership,
        "purchase": found,
        "card": card,
        "timeline": timeline,
        "trouble": next(iter(troubles), None),
        "lease": found.renews or getattr(found, "lease", None),
        "adopt_form": AdoptOrderForm() if found.is_of_lease else AdoptForm(),
        "write_off_form": WriteOffForm(),
        "entries": entries,
        "raw_state": _raw_state(found, timeline),
        "raw_answer": _raw_answer(found) if membership.can_manage or _is_staff(request) else None,
    }


def _raw_state(purchase: Purchase, timeline: list[Stop]) -> list[tuple[str, str]]:
    """Names and values as the database has them, for who helps: nothing secret, nothing worded."""
    names = ("code", "kind", "state", "reason", "provider_code", "sends", "created", "sent_at")
    rows = [(name, getattr(purchase, name)) for name in (*names, "ended_at", "settled_at")]
    rows.append(("account", purchase.account.pk))
    number = getattr(purchase, "activation", None)
    if number is not None:
        of_number = ("state", "request_id", "watched", "created", "expires_at", "received_at")
        rows += [(f"number.{name}", getattr(number, name)) for name in (*of_number, "closed_at")]
    for stop in timeline:
        event = stop.event
        change = f"{event.from_state or '·'} → {event.to_state or '·'} {event.reason}".strip()
        rows.append((f"{event.created:%Y-%m-%dT%H:%M:%S.%fZ}", f"{event.subject}: {change}"))
    return [(name, f"{value}") for name, value in rows if value not in (None, "")]


def _is_staff(request: HtmxRequest) -> bool:
    return request.user.is_authenticated and request.user.is_staff


def _raw_answer(purchase: Purchase) -> str | None:
    """The provider's answer as it came, without the token; None where none is kept."""
    try:
        return purchase.answer()
    except CannotUnseal:
        return _("It cannot be opened: the key that sealed it is no longer in TOKEN_KEYS.")
