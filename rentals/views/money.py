"""The strip under the header: what is there, what is reserved, what was spent."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import ProviderAccount, Team
from core.money import ZERO
from rentals.states import ACTIVATION_OPEN


@dataclass(frozen=True, slots=True)
class Money:
    """A team's money in US dollars, and how many of its numbers wait for their SMS."""

    accounts: list[ProviderAccount]
    reserved: Decimal
    spent: Decimal
    open_numbers: int
    month: datetime


def money_of(team: Team) -> Money:
    """Read the strip: three queries. A month begins at midnight UTC, as the roll-up's days do."""
    waiting = Q(activation__state__in=ACTIVATION_OPEN)
    held = team.purchases.unsettled().aggregate(
        reserved=Sum("quoted"), open_numbers=Count("pk", filter=waiting)
    )
    now = datetime.now(UTC)
    month = team.days.filter(day__gte=now.date().replace(day=1)).aggregate(
        charged=Sum("charged", default=ZERO),
        lost=Sum("lost", default=ZERO),
        refunded=Sum("refunded", default=ZERO),
    )
    return Money(
        accounts=list(team.provider_accounts.kept().order_by("created")),
        reserved=held["reserved"] or ZERO,
        spent=month["charged"] + month["lost"] - month["refunded"],
        open_numbers=held["open_numbers"],
        month=now,
    )


@login_required
@require_safe
def money(request: HttpRequest, team: str) -> HttpResponse:
    """The strip alone, for a page that heard that money moved."""
    membership = get_membership(request, team)
    return render(
        request,
        "rentals/_money.html",
        {"team": membership.team, "money": money_of(membership.team)},
    )
