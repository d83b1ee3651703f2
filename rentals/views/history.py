"""Everything a team ever bought, newest first."""

from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Membership, Team
from catalog.models import Country, Service
from core.moments import format_day
from core.money import ZERO
from rentals.history import PARAMETERS, STATES, Wanted, newest_messages, page_of, place_of
from rentals.models import LedgerEntry, Message, Purchase, TripDay
from rentals.views.htmx import HtmxRequest

PAGE = 50
Kind = LedgerEntry.Kind


@dataclass(frozen=True, slots=True)
class Row:
    """A purchase and what the ledger says about it, in US dollars."""

    purchase: Purchase
    spent: Decimal
    reserved: Decimal
    message: Message | None = None  # with its newest code, concealed from who may not read it


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to narrow the list by: what may be chosen as (value, label), and what is."""

    name: str
    label: str
    options: list[tuple[str, str]]
    chosen: str


@login_required
@require_safe
def history(request: HtmxRequest, team: str) -> HttpResponse:
    """One page of rows; ``Wanted`` has the parameters, and ``?before=`` is a place in the list."""
    membership = get_membership(request, team)
    if clean := _without_empty(request):
        return redirect(clean)
    wanted, before = Wanted.read(request.GET), request.GET.get("before", "")
    found = page_of(wanted.of(membership), before, PAGE + 1)
    context = {
        "team": membership.team,
        "membership": membership,
        "rows": _rows(membership, found[:PAGE]),
        "older": _older(wanted, found),
        "wanted": wanted,
        "misread": Wanted.misread(request.GET),
        "before": before,
    }
    if request.htmx and not request.htmx.history_restore_request and before:
        return render(request, "rentals/_history_rows.html", context)
    choices = choices_of(membership.team, wanted)
    context |= {
        "choices": choices,
        "narrowed": _narrowed(wanted, choices),
        "is_wide": any(choice.chosen for choice in choices[1:]) or wanted.first or wanted.last,
    }
    return render(request, "rentals/history.html", context)


def _without_empty(request: HtmxRequest) -> str:
    """The address without what an unused field of the form says; "" where it says nothing of the kind."""
    kept = request.GET.copy()
    for name in [name for name in kept if not kept.get(name, "").strip()]:
        del kept[name]
    if len(kept) == len(request.GET):
        return ""
    return f"{request.path}?{kept.urlencode()}" if kept else request.path


def _rows(membership: Membership, purchases: list[Purchase]) -> list[Row]:
    newest = newest_messages(membership, purchases)
    return [replace(row_of(one), message=newest.get(one.pk)) for one in purchases]


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


def choices_of(team: Team, wanted: Wanted) -> list[Choice]:
    """Return what the list can be narrowed by, the state first: what the team has used; five queries."""
    trips = TripDay.objects.filter(team=team, country__isnull=False).order_by()
    services = Service.objects.filter(pk__in=trips.values("service")).order_by("title", "pk")
    countries = Country.objects.filter(pk__in=trips.values("country")).search("")
    buyers = {one.user_id: one.user.short_name for one in team.memberships.select_related("user")}
    options: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("state", _("Any state"), [(value, str(label)) for value, label in STATES.items()]),
        ("service", _("Any service"), [(str(row.pk), row.title) for row in services]),
        ("country", _("Any country"), [(str(row.pk), row.name) for row in countries]),
        ("member", _("Anybody"), [(str(pk), name) for pk, name in buyers.items()]),
        ("account", _("Any account"), [(str(a.pk), a.name) for a in team.provider_accounts.all()]),
        ("tag", _("Any tag"), [(str(tag.pk), tag.name) for tag in team.tags.by_name()]),
    ]
    return [
        Choice(name, label, rows, str(getattr(wanted, name) or ""))
        for name, label, rows in options
        if rows or getattr(wanted, name)
    ]


def _older(wanted: Wanted, found: list[Purchase]) -> str:
    if len(found) <= PAGE:
        return ""
    return urlencode(wanted.parameters | {"before": place_of(found[PAGE - 1])})


def _narrowed(wanted: Wanted, choices: list[Choice]) -> list[tuple[str, str]]:
    """What the list is narrowed by, in words, each with the address of the list without it."""
    words = {choice.name: dict(choice.options).get(choice.chosen, "?") for choice in choices}
    words |= {
        "text": f"“{wanted.text}”",
        "first": _("from %(day)s") % {"day": format_day(wanted.first)} if wanted.first else "",
        "last": _("to %(day)s") % {"day": format_day(wanted.last)} if wanted.last else "",
    }
    return [
        (words[name], wanted.without(name).query) for name in PARAMETERS if getattr(wanted, name)
    ]
