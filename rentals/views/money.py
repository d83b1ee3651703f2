"""The strip under the header: what is there, what is reserved, what was spent."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import ProviderAccount, Team
from core.money import ZERO
from rentals.operations.queueing import known_limit
from rentals.states import ACTIVATION_OPEN, PurchaseState


@dataclass(frozen=True, slots=True)
class Slots:
    """How many more numbers may be open on an account, of how many."""

    account: ProviderAccount
    free: int
    limit: int


@dataclass(frozen=True, slots=True)
class Money:
    """A team's money in US dollars, and how many of its numbers wait for their SMS.

    ``slots`` has the accounts whose limit the provider has taught us lately.
    """

    accounts: list[ProviderAccount]
    reserved: Decimal
    spent: Decimal
    open_numbers: int
    slots: list[Slots]
    month: datetime


def money_of(team: Team) -> Money:
    """Read the strip: three queries. A month begins at midnight UTC, as the roll-up's days do."""
    waiting = Q(activation__state__in=ACTIVATION_OPEN)
    held = list(
        team.purchases.unsettled()
        .values("account")
        .annotate(
            open_numbers=Count("pk", filter=waiting),
            taken=Count("pk", filter=waiting | Q(state=PurchaseState.SENDING)),
        )
    )
    now = datetime.now(UTC)
    # In one statement: a settlement that comes in between two would count twice for a moment.
    days = team.days.filter(day__gte=now.date().replace(day=1)).order_by().values("team")
    unsettled = team.purchases.unsettled().order_by().values("team")
    sums = Team.objects.filter(pk=team.pk).values_list(
        Coalesce(Subquery(unsettled.values(sum=Sum("quoted"))), ZERO),
        Coalesce(Subquery(days.values(sum=Sum("charged") + Sum("lost") - Sum("refunded"))), ZERO),
    )
    reserved, spent = sums.get()
    accounts = list(team.provider_accounts.kept().order_by("created"))
    return Money(
        accounts=accounts,
        reserved=reserved,
        spent=spent,
        open_numbers=sum(row["open_numbers"] for row in held),
        slots=_slots(accounts, {row["account"]: row["taken"] for row in held}),
        month=now,
    )


def _slots(accounts: list[ProviderAccount], taken: dict[UUID, int]) -> list[Slots]:
    return [
        Slots(account, free=max(0, limit - taken.get(account.pk, 0)), limit=limit)
        for account in accounts
        if account.is_active and (limit := known_limit(account)) is not None
    ]


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
