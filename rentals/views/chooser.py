"""The left of the desk: where to? A service, then its countries with a price on each button."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from accounts.access import get_membership
from accounts.models import Membership, ProviderAccount, Team
from catalog.models import Country, Freshness, Offer, Service
from catalog.sync import refresh_if_stale
from rentals.delivery import Record, read_records
from rentals.forms import ChoiceForm, Sort
from rentals.models import Trip, with_stop
from rentals.operations.queueing import block_end, with_block

SERVICES_SHOWN = 40
TRIPS_READ = 25  # the favourites there may be, and five more
LAST_SHOWN = 5
COUNTRIES_NAMED = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One country of the chosen service, with the team's own record there, if it has one."""

    offer: Offer
    record: Record | None
    is_favourite: bool


@dataclass(slots=True)
class Chooser:
    """What is chosen so far, and what there is to choose from."""

    accounts: Sequence[ProviderAccount]
    account: ProviderAccount | None
    can_buy: bool
    freshness: Freshness
    query: str = ""
    sort: Sort = Sort.PRICE
    reusable_only: bool = False
    service: Service | None = None
    services: list[Service] = field(default_factory=list)
    countries: list[Country] = field(default_factory=list)  # that match where no service does
    choices: list[Choice] = field(default_factory=list)
    favourites: list[Trip] = field(default_factory=list)
    last: list[Trip] = field(default_factory=list)
    blocked_until: datetime | None = None
    stop: str = ""

    @property
    def is_first_reading(self) -> bool:
        """Whether there is nothing to show yet because the catalogue was never read."""
        return self.freshness.as_of is None

    @property
    def has_more_services(self) -> bool:
        """Whether the list was cut."""
        return len(self.services) == SERVICES_SHOWN

    @property
    def has_records(self) -> bool:
        """Whether any country can be ranked by what the team knows of it."""
        return any(choice.record for choice in self.choices)

    def address(self, team: Team) -> str:
        """The page that shows what is chosen, for the address bar."""
        chosen: dict[str, object] = {}
        if self.service:
            chosen["service"] = self.service.pk
            if self.account and len(self.accounts) > 1:
                chosen["account"] = self.account.pk
            if self.reusable_only:
                chosen["reusable_only"] = "on"
            if self.sort != Sort.PRICE:
                chosen["sort"] = self.sort.value
        page = reverse("rentals:desk", args=[team.slug])
        return f"{page}?{urlencode(chosen)}" if chosen else page


def chooser_of(
    membership: Membership, params: QueryDict, accounts: Sequence[ProviderAccount]
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
        can_buy=membership.can_buy and membership.team.has_accepted_terms,
        freshness=refresh_if_stale(membership.team),
        query=chosen.get("q", ""),
        sort=Sort(chosen.get("sort") or Sort.PRICE),
        reusable_only=chosen.get("reusable_only", False),
    )
    chooser.stop = getattr(chooser.account, "stop", None) or ""
    if chosen.get("service"):
        _read_offers(chooser, membership, chosen["service"])
    if chooser.service is None:
        _read_services(chooser, membership)
    closed = chooser.blocked_until or chooser.stop or (chooser.service and chooser.service.denied)
    chooser.can_buy = chooser.can_buy and not closed
    return chooser


def _read_offers(chooser: Chooser, membership: Membership, service_id: int) -> None:
    """Read the countries of a service and the team's records there: two queries."""
    starred = Trip.objects.starred_by(membership)
    offers = list(
        Offer.objects.of_service(service_id)
        .select_related("service")
        .with_age()
        .annotate(is_favourite=starred, blocked_until=block_end(chooser.account))
    )
    if offers:
        chooser.service = offers[0].service
        chooser.blocked_until = offers[0].blocked_until
    else:
        chooser.service = with_block(chooser.account).filter(pk=service_id).first()
        chooser.blocked_until = getattr(chooser.service, "blocked_until", None)
        return
    records = read_records(membership.team, service_id)
    found = [Choice(offer, records.get(offer.country_id), offer.is_favourite) for offer in offers]
    chooser.choices = sorted(found, key=_by_delivery) if chooser.sort == Sort.DELIVERY else found


def _by_delivery(choice: Choice) -> tuple[bool, bool, float, float]:
    """In stock first, then what the team knows something of: the surest, then the quickest."""
    record = choice.record
    if record is None:
        return (not choice.offer.stock, True, 0.0, 0.0)
    wait = record.wait.total_seconds() if record.wait is not None else 0.0
    return (not choice.offer.stock, False, -record.delivered / record.ended, wait)


def _read_services(chooser: Chooser, membership: Membership) -> None:
    """Read the services that match; where nothing was typed, first what the member uses, then the widest."""
    found = Service.objects.offered().search(chooser.query)
    if not chooser.query:
        trips = list(Trip.objects.of(membership).at_hand()[:TRIPS_READ])
        chooser.favourites = [trip for trip in trips if trip.starred_at]
        chooser.last = [trip for trip in trips if not trip.starred_at][:LAST_SHOWN]
        used = dict.fromkeys(trip.service_id for trip in (*chooser.favourites, *chooser.last))
        places = [When(pk=pk, then=Value(place)) for place, pk in enumerate(used)]
        place = Case(*places, default=Value(len(places))) if places else Value(0)
        found = found.annotate(place=place).widest_first("place")
    chooser.services = list(found[:SERVICES_SHOWN].with_best_price())
    if chooser.query and not chooser.services:
        countries = Country.objects.offered().search(chooser.query)
        chooser.countries = list(countries[:COUNTRIES_NAMED])


@login_required
@require_safe
def services(request: HttpRequest, team: str) -> HttpResponse:
    """The services that match ``?q=``, while somebody types."""
    membership, chooser = _choose(request, team)
    context = {"team": membership.team, "membership": membership, "chooser": chooser}
    return render(request, "rentals/_services.html", context)


@login_required
@require_safe
def offers(request: HttpRequest, team: str) -> HttpResponse:
    """The countries of ``?service=``, and the buttons that buy; the address bar follows."""
    membership, chooser = _choose(request, team)
    context = {"team": membership.team, "membership": membership, "chooser": chooser}
    response = render(request, "rentals/_offers.html", context)
    return push_url(response, chooser.address(membership.team))


def _choose(request: HttpRequest, team: str) -> tuple[Membership, Chooser]:
    membership = get_membership(request, team)
    accounts = list(with_stop(membership.provider_accounts()).order_by("created"))
    return membership, chooser_of(membership, request.GET, accounts)
