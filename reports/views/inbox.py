"""Every SMS of a team, newest first, as they come."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Membership
from rentals.models import Message
from rentals.models.message import MessageQuerySet
from rentals.operations.reading import ask_for_reading
from rentals.views.htmx import HtmxRequest
from rentals.visibility import shown
from reports.inbox import messages_of

PAGE = 50
LONGEST_TEXT = 100


@login_required
@require_safe
def inbox(request: HtmxRequest, team: str) -> HttpResponse:
    """A page of messages; ``?q=`` searches, ``?before=`` and ``?after=`` are messages to go on from.

    For htmx, only what comes after or before: what has come since is put above what is there.
    """
    membership = get_membership(request, team)
    text = _text(request)
    before, after = _place(request, "before"), _place(request, "after")
    is_part = request.htmx and not request.htmx.history_restore_request
    found = messages_of(membership, text)
    if is_part and after is not None:
        return _newer(request, membership, found.filter(pk__gt=after), after)
    ask_for_reading(membership.team)
    found = found.filter(pk__lt=before) if before else found
    rows = shown(membership, found[: PAGE + 1])
    context = {
        "team": membership.team,
        "membership": membership,
        "rows": rows[:PAGE],
        "newest": rows[0].pk if rows and not before else before or 0,
        "older": _older(text, rows),
        "text": text,
        "before": before,
    }
    is_more = is_part and before
    return render(request, f"reports/{'_inbox_rows' if is_more else 'inbox'}.html", context)


def _older(text: str, rows: list[Message]) -> str:
    if len(rows) <= PAGE:
        return ""
    return urlencode(({"q": text} if text else {}) | {"before": rows[PAGE - 1].pk})


def _newer(
    request: HtmxRequest, membership: Membership, found: MessageQuerySet, after: int
) -> HttpResponse:
    rows = shown(membership, found.order_by("pk")[:PAGE])[::-1]
    context = {
        "team": membership.team,
        "membership": membership,
        "rows": rows,
        "newest": rows[0].pk if rows else after,
        "text": _text(request),
        "is_new": True,
    }
    return render(request, "reports/_inbox_newer.html", context)


def _text(request: HtmxRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_TEXT]


def _place(request: HtmxRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
    return number if number is not None and number < 2**63 else None
