"""The left of the desk: where to? A service, then its countries with a price on each button."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Membership, ProviderAccount
from catalog.models import Freshness, Offer, Service
from catalog.sync import refresh_if_stale
from rentals.forms import ChoiceForm
from rentals.operations.queueing import with_block

SERVICES_SHOWN = 40


@dataclass(slots=True)
class Chooser:
    """What is chosen so far, and what there is to choose from."""

    accounts: list[ProviderAccount]
    account: ProviderAccount | None
    can_buy: bool
    freshness: Freshness
    query: str = ""
    reusable_only: bool = False
    service: Service | None = None
    services: list[Service] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    blocked_until: datetime | None = None

    @property
    def is_first_reading(self) -> bool:
        """Whether there is nothing to show yet because the catalogue was never read."""
        return self.freshness.as_of is None

    @property
    def has_more_services(self) -> bool:
        """Whether the list was cut."""
        return len(self.services) == SERVICES_SHOWN


def chooser_of(
    membership: Membership, params: QueryDict, accounts: list[ProviderAccount]
) -> Chooser:
    """Read what the address asks for: services that match, or the offers of the chosen one.

    ``accounts`` are all that the team has; only usable ones can be chosen.
    """
    form = ChoiceForm(params)
    form.is_valid()  # what is not valid is not in cleaned_data, and counts as not chosen
    chosen = form.cleaned_data
    usable = [account for account in accounts if account.is_active]
    wanted = [account for account in usable if account.pk == chosen.get("account")]
    chooser = Chooser(
        accounts=usable,
        account=next(iter(wanted or usable), None),
        can_buy=membership.can_buy,
        freshness=refresh_if_stale(membership.team),
        query=chosen.get("q", ""),
        reusable_only=chosen.get("reusable_only", False),
    )
    if chosen.get("service"):
        chooser.service = with_block(chooser.account).filter(pk=chosen["service"]).first()
    if chooser.service:
        chooser.offers = list(Offer.objects.of_service(chooser.service))
        chooser.blocked_until = getattr(chooser.service, "blocked_until", None)
        chooser.can_buy = chooser.can_buy and chooser.blocked_until is None
    else:
        found = Service.objects.offered().search(chooser.query)
        chooser.services = list(found[:SERVICES_SHOWN].with_best_price())
    return chooser


@login_required
@require_safe
def services(request: HttpRequest, team: str) -> HttpResponse:
    """The services that match ``?q=``, while somebody types."""
    return _fragment(request, team, "rentals/_services.html")


@login_required
@require_safe
def offers(request: HttpRequest, team: str) -> HttpResponse:
    """The countries of ``?service=``, and the buttons that buy."""
    return _fragment(request, team, "rentals/_offers.html")


def _fragment(request: HttpRequest, team: str, template: str) -> HttpResponse:
    membership = get_membership(request, team)
    accounts = list(membership.team.provider_accounts.kept().order_by("created"))
    chooser = chooser_of(membership, request.GET, accounts)
    return render(request, template, {"team": membership.team, "chooser": chooser})
