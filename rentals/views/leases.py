"""The long-term numbers of a team: what it has, what ends when, and what can be leased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.models import Membership, ProviderAccount, Role
from catalog.models import Area, Freshness
from catalog.sync import refresh_areas_if_stale
from core.ratelimit import at_most
from rentals.forms import LeaseChoiceForm, LeaseForm
from rentals.models import Lease, Message
from rentals.models.lease import LeaseQuerySet
from rentals.operations.errors import Refusal
from rentals.operations.purchase import request_lease
from rentals.operations.reading import ask_for_reading
from rentals.views.agenda import Month, agenda_of
from rentals.views.board import Card, cards_of
from rentals.views.htmx import HtmxRequest
from rentals.views.money import money_of
from rentals.visibility import may_read

LEASES_SHOWN = 100
ENDED_SHOWN = 10
AREAS_SHOWN = 60
FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Row:
    """A lease and the newest SMS to it."""

    lease: Lease
    message: Message | None

    @property
    def is_fresh(self) -> bool:
        """Whether the SMS came a moment ago, so that somebody may be waiting for its code."""
        return bool(self.message and timezone.now() - self.message.received_at < FRESH)


@dataclass(frozen=True, slots=True)
class Overview:
    """What a team has: the next to end first; and what it asked for and has no number of yet."""

    pending: list[Card]
    rows: list[Row]
    ended: list[Lease]
    has_more: bool
    months: list[Month]

    @property
    def is_live(self) -> bool:
        """Whether something is still to happen by itself, soon."""
        moving = any(row.lease.state == Lease.State.CANCELLING for row in self.rows)
        return moving or any(card.is_live for card in self.pending)


@dataclass(frozen=True, slots=True)
class Fare:
    """An area, and what it costs there for as long as was asked for, in US dollars."""

    area: Area
    months: int

    @property
    def price(self) -> Decimal:
        """For all the months."""
        return self.area.monthly_price * self.months


@dataclass(slots=True)
class Chooser:
    """What can be leased, for how long, and paid by whom."""

    form: LeaseChoiceForm
    accounts: list[ProviderAccount]
    account: ProviderAccount | None
    can_buy: bool
    freshness: Freshness
    fares: list[Fare]
    months: int

    @property
    def is_first_reading(self) -> bool:
        """Whether there is nothing to show yet because the areas were never read."""
        return self.freshness.as_of is None


@login_required
@require_safe
def leases(request: HtmxRequest, team: str) -> HttpResponse:
    """The page; for htmx, which asks when a lease changed, only what the team has."""
    membership = get_membership(request, team)
    ask_for_reading(membership.team)
    if request.htmx and not request.htmx.history_restore_request:
        context = {"team": membership.team, "membership": membership}
        return render(
            request, "rentals/_leases.html", context | {"overview": _overview(membership)}
        )
    return _page(request, membership, request.GET)


@login_required
@require_safe
def areas(request: HttpRequest, team: str) -> HttpResponse:
    """The areas with their prices for ``?months=``, while somebody chooses."""
    membership = get_membership(request, team)
    accounts = list(membership.provider_accounts().order_by("created"))
    chooser = _chooser(membership, request.GET, accounts)
    return render(request, "rentals/_areas.html", {"team": membership.team, "chooser": chooser})


@login_required
@at_most("purchase")
@require_POST
def lease_number(request: HtmxRequest, team: str) -> HttpResponse:
    """Lease a number in an area. A refusal stands in its row, with the price as it is now."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    form = LeaseForm(request.POST)
    if not form.is_valid():
        refusal = _("The form was not complete. Nothing was bought; choose again and press once.")
        return _page(request, membership, request.POST, refusal)
    wish = form.cleaned_data
    area = get_object_or_404(Area, pk=wish.pop("area"))
    account = get_object_or_404(membership.provider_accounts(), pk=wish.pop("account"))
    try:
        request_lease(
            team=membership.team, buyer=membership.user, account=account, area=area, **wish
        )
    except Refusal as error:
        return _refuse(request, membership, Fare(area, wish["months"]), account, error.message)
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": reverse("rentals:leases", args=[team])})
    return redirect("rentals:leases", team)


def _refuse(
    request: HtmxRequest,
    membership: Membership,
    fare: Fare,
    account: ProviderAccount,
    refusal: str,
) -> HttpResponse:
    if not request.htmx:
        return _page(request, membership, request.POST, refusal)
    context = {"team": membership.team, "fare": fare, "account": account, "refusal": refusal}
    return render(request, "rentals/_area.html", context | {"can_buy": True})


def _page(
    request: HtmxRequest, membership: Membership, chosen: QueryDict, refusal: str = ""
) -> HttpResponse:
    """Answer the whole page; with a ``refusal`` as what could not be done."""
    money = money_of(membership)
    context = {
        "team": membership.team,
        "membership": membership,
        "money": money,
        "overview": _overview(membership),
        "chooser": _chooser(membership, chosen, money.accounts),
        "refused": refusal,
    }
    return render(request, "rentals/leases.html", context, status=422 if refusal else 200)


def _overview(membership: Membership) -> Overview:
    """Read what the team has: the same number of queries, however many leases and SMS."""
    team = membership.team
    # Before the leases: what becomes one between the two questions is found by the second.
    asked_for = list(team.purchases.not_leased().for_display()[:LEASES_SHOWN])
    kept = _rows(membership, team.leases.kept().order_by("expire_at", "pk"), LEASES_SHOWN)
    ended = list(team.leases.over().order_by("-pk")[: ENDED_SHOWN + 1])
    leased = {row.lease.purchase_id for row in kept}
    return Overview(
        pending=cards_of(membership, [row for row in asked_for if row.pk not in leased]),
        rows=kept,
        ended=ended[:ENDED_SHOWN],
        has_more=len(ended) > ENDED_SHOWN or len(kept) == LEASES_SHOWN,
        months=agenda_of([row.lease for row in kept]),
    )


def _rows(membership: Membership, found: LeaseQuerySet, most: int) -> list[Row]:
    shown = list(found.for_display()[:most])
    newest = Lease.objects.filter(pk__in=[lease.pk for lease in shown]).newest_messages()
    for lease in shown:
        if lease.pk in newest and not may_read(membership, lease.purchase):
            newest[lease.pk].conceal()
    return [Row(lease, newest.get(lease.pk)) for lease in shown]


def _chooser(
    membership: Membership, chosen: QueryDict, accounts: Sequence[ProviderAccount]
) -> Chooser:
    """Read what can be leased; what is chosen and makes no sense counts as not chosen."""
    form = LeaseChoiceForm(chosen)
    form.is_valid()
    usable = [account for account in accounts if account.is_active]
    wanted = [account for account in usable if account.pk == form.cleaned_data.get("account")]
    months = form.cleaned_data.get("months") or 1
    found = Area.objects.listed().search(form.cleaned_data.get("q", ""))[:AREAS_SHOWN]
    return Chooser(
        form=form,
        accounts=usable,
        account=next(iter(wanted or usable), None),
        can_buy=membership.can_buy,
        freshness=refresh_areas_if_stale(membership.team),
        fares=[Fare(area, max(months, area.min_months)) for area in found],
        months=months,
    )
