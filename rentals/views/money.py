"""The strip under the header: what is there, what is reserved, what was spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Membership, ProviderAccount, Team
from rentals.limits import Usages, read_gauges, read_usage, tightest
from rentals.models import with_stop
from rentals.operations.queueing import known_limit
from rentals.states import ACTIVATION_OPEN, PurchaseState
from rentals.wording import warn_of_limit


@dataclass(frozen=True, slots=True)
class Slots:
    """How many more numbers may be open on an account, of how many."""

    account: ProviderAccount
    free: int
    limit: int


@dataclass(frozen=True, slots=True)
class Money:
    """A team's money in US dollars, and how many of its numbers wait for their SMS.

    ``accounts`` and ``slots`` are those of who reads it; the other figures are the whole team's.
    ``slots`` has the accounts whose limit the provider has taught us lately; ``warning`` is for who
    reads it, of the limit that has the least room, from four fifths on.
    """

    accounts: Sequence[ProviderAccount]
    reserved: Decimal
    spent: Decimal
    open_numbers: int
    slots: list[Slots]
    month: datetime
    warning: str


def money_of(membership: Membership) -> Money:
    """Read the strip: three queries. A month begins at midnight UTC, as the roll-up's days do."""
    team = membership.team
    usages = read_usage(team)
    all_of_it = usages.of(None)
    waiting = Q(activation__state__in=ACTIVATION_OPEN)
    # Accounts with unsettled purchases cannot be removed: all that waits is on one of these.
    every = list(
        with_stop(team.provider_accounts.kept())
        .annotate(
            waiting=_count_unsettled(team, waiting),
            taken=_count_unsettled(team, waiting | Q(state=PurchaseState.SENDING)),
        )
        .order_by("created")
    )
    accounts = [account for account in every if account.is_for(membership.user_id)]
    return Money(
        accounts=accounts,
        reserved=all_of_it.reserved,
        spent=all_of_it.spent_this_month,
        open_numbers=sum(account.waiting for account in every),
        slots=[
            Slots(account, free=max(0, limit - account.taken), limit=limit)
            for account in accounts
            if account.is_active and (limit := known_limit(account)) is not None
        ],
        month=datetime.now(UTC),
        warning=_warning(membership, usages),
    )


def _count_unsettled(team: Team, condition: Q) -> Coalesce:
    """Count the unsettled purchases of each account that fulfil ``condition``."""
    unsettled = team.purchases.unsettled().filter(condition, account=OuterRef("pk")).order_by()
    return Coalesce(Subquery(unsettled.values("account").values_list(Count("pk"))), 0)


def _warning(membership: Membership, usages: Usages) -> str:
    limit = tightest(read_gauges(membership.team, membership.user, usages))
    return warn_of_limit(limit) if limit is not None and limit.is_near else ""


@login_required
@require_safe
def money(request: HttpRequest, team: str) -> HttpResponse:
    """The strip alone, for a page that heard that money moved."""
    membership = get_membership(request, team)
    return render(
        request,
        "rentals/_money.html",
        {"team": membership.team, "money": money_of(membership)},
    )
