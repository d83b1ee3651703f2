"""Whether the provider answers, what goes on without it, and how the accounts there stand."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Membership, ProviderAccount
from catalog import feeds, sources
from catalog.contact import Contact, read_contact, read_notice
from catalog.models import AREAS, PRICES, Country, Feed, Freshness
from catalog.sync import refresh_if_stale
from rentals.health.provider import Lately, lately
from rentals.health.saying import duration
from rentals.models import BuyingStop
from rentals.poller.budget import LONGEST_PAUSE
from rentals.states import PurchaseState
from rentals.views.htmx import HtmxRequest
from rentals.views.money import Money, money_of


@dataclass(frozen=True, slots=True)
class Failure:
    """What was tried last and how it failed, in words."""

    what: str
    how: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account at the provider as who reads it may know it. ``limit`` is None while nobody knows it."""

    pk: UUID
    name: str
    is_private: bool
    is_active: bool
    wants_activation: bool
    suspended_code: int | None
    suspended_at: datetime | None
    balance: Decimal | None
    balance_at: datetime | None
    limit: int | None
    free: int
    stop: str
    changeable: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the page says. Plain values only: ``mark`` is made of them."""

    failure: Failure | None
    answered_at: datetime | None
    is_being_asked: bool
    next_by: datetime | None
    can_be_asked: bool
    some_lists_fail: bool
    prices_of: datetime | None
    open_numbers: int
    held: int
    sending: int
    unknown: int
    stops: list[str]
    accounts: list[AccountState]
    calls: Lately | None

    @property
    def mark(self) -> str:
        """Tells this situation from another. A page that asks again is only drawn anew for another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@login_required
@require_safe
def provider(request: HtmxRequest, team: str) -> HttpResponse:
    """The page; for htmx only its content, and 204 while that is what ``?seen=`` stands for.

    Nothing signals that a provider is back, so the page asks every few seconds; what is there already
    must not be read aloud each time.
    """
    membership = get_membership(request, team)
    is_live = request.htmx and not request.htmx.history_restore_request
    # A visit has the lists read where they are old, as one of the desk does; an open page does not.
    numbers = Feed.objects.of_numbers()
    freshness = numbers.freshness() if is_live else refresh_if_stale(membership.team)
    situation = situation_of(membership, freshness)
    if is_live and request.GET.get("seen") == situation.mark:
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "team": membership.team,
        "membership": membership,
        "situation": situation,
        "pause": duration(LONGEST_PAUSE),
        "patience": duration(settings.HELD_SECONDS),
        "queue_patience": duration(settings.QUEUE_SECONDS),
        "usual": duration(settings.CATALOG_REFRESH_SECONDS),
    }
    return render(request, f"rentals/{'_provider' if is_live else 'provider'}.html", context)


@login_required
@require_safe
def notice(request: HttpRequest, team: str) -> HttpResponse:
    """The notice of a provider that does not answer, empty while it does; 204 for the one that is ``?seen=``."""
    membership = get_membership(request, team)
    found = read_notice(Feed.objects.of_numbers().freshness())
    if request.GET.get("seen", "") == (found.mark if found else ""):
        return HttpResponse(status=204)
    context = {"notice": found, "team": membership.team}
    return render(request, "catalog/_provider_notice_words.html", context)


def situation_of(membership: Membership, freshness: Freshness) -> Situation:
    """Read what the page says: as many queries however many accounts and purchases there are."""
    contact, money = read_contact(), money_of(membership)
    unsettled = membership.team.purchases.unsettled().order_by().values_list("state")
    counts = dict(unsettled.annotate(Count("pk")))
    return Situation(
        failure=_failure_of(contact),
        answered_at=contact.answered_at,
        is_being_asked=contact.is_being_asked,
        next_by=contact.next_by,
        can_be_asked=sources.has_any(),
        some_lists_fail=freshness.failing,
        prices_of=freshness.as_of,
        open_numbers=money.open_numbers,
        held=counts.get(PurchaseState.HELD, 0),
        sending=counts.get(PurchaseState.SENDING, 0),
        unknown=counts.get(PurchaseState.UNKNOWN, 0),
        stops=[stop.reason for stop in BuyingStop.objects.on_all_of(membership.team)],
        accounts=[_state_of(membership, account, money) for account in money.accounts],
        calls=lately(),
    )


def _failure_of(contact: Contact) -> Failure | None:
    feed = contact.failed
    return Failure(_name_of(feed), _(feed.error), feed.failed_at) if feed else None


def _name_of(feed: Feed) -> str:
    """The list in words; that of a country's prices by its country, in one query."""
    if feed.key.startswith(PRICES):
        country = Country.objects.filter(provider_id=feed.key.removeprefix(PRICES)).first()
        return _("the prices of %(country)s") % {"country": country or "?"}
    names = {
        feeds.COUNTRIES: _("the list of countries"),
        feeds.SERVICES: _("the list of services"),
        AREAS: _("the list of areas to lease in"),
    }
    return names.get(feed.key, feed.key)


def _state_of(membership: Membership, account: ProviderAccount, money: Money) -> AccountState:
    """One of ``money.accounts``, with the stop that it was read with."""
    slots = next((slots for slots in money.slots if slots.account == account), None)
    return AccountState(
        pk=account.pk,
        name=account.name,
        is_private=account.private_to_id is not None,
        is_active=account.is_active,
        wants_activation=account.wants_activation,
        suspended_code=account.suspended_code,
        suspended_at=account.suspended_at,
        balance=account.balance,
        balance_at=account.balance_at,
        limit=slots.limit if slots else None,
        free=slots.free if slots else 0,
        stop=getattr(account, "stop", None) or "",
        changeable=membership.can_buy and membership.manages(account),
    )
