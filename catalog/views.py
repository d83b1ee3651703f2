"""The price pages, and asking for new prices. What is bought is bought on the desk."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.models import Role
from catalog import chart, sources, sync
from catalog.browsing import COUNTRY, Sort, Wish, read_page
from catalog.chart import Span
from catalog.forms import HistoryForm, PricesForm
from catalog.models import Country, Feed, Offer, Service
from core.wayback import way_back

SHOWN = 60  # services, and countries, at once: whoever looks for another types a part of its name
LEVELS_SHOWN = 200
READ_AGAIN_AFTER = timedelta(minutes=1)


@login_required
@require_safe
def prices(request: HttpRequest, team: str) -> HttpResponse:
    """Services and countries; with ``?service=`` its countries, with ``?country=`` its services.

    ``?q=`` searches what is listed; ``?sort=`` and ``?stock=all`` are for lists of offers.
    """
    membership = get_membership(request, team)
    form = PricesForm(request.GET)
    form.is_valid()  # what is not valid is not in cleaned_data, and counts as not asked for
    asked, wish = form.cleaned_data, form.wish()
    context = {
        "team": membership.team,
        "membership": membership,
        "freshness": sync.refresh_if_stale(membership.team),
        "wish": wish,
        "query": wish.text,
        "sorts": Sort.choices,
    }
    if asked.get("service"):
        context |= _countries_of(asked["service"], wish)
        return render(request, "catalog/service.html", context)
    if asked.get("country"):
        context |= _services_of(asked["country"], wish)
        return render(request, "catalog/country.html", context)
    services = Service.objects.offered().search(wish.text)[:SHOWN]
    countries = Country.objects.offered().search(wish.text)[:SHOWN]
    context |= {"services": services.with_best_price(), "countries": countries.with_best_price()}
    return render(request, "catalog/prices.html", context | {"shown": SHOWN})


def _countries_of(service_id: int, wish: Wish) -> dict[str, Any]:
    service = get_object_or_404(Service.objects.with_best_price(), pk=service_id)
    offers = Offer.objects.listed().filter(service=service).select_related("country").with_age()
    page = read_page(offers, wish, name=COUNTRY)
    more = replace(wish, after=page.next_place).address(service=service.pk)
    return {"service": service, "offers": page.offers, "more": page.next_place and more}


def _services_of(country_id: int, wish: Wish) -> dict[str, Any]:
    country = get_object_or_404(Country, pk=country_id)
    feed = Feed.objects.filter(key=Feed.prices_key(country)).first()
    allowed = Offer.objects.listed().filter(country=country, service__denied="")
    page = read_page(allowed.select_related("service"), wish, name="service__title")
    more = replace(wish, after=page.next_place).address(country=country.pk)
    found = {"offers": page.offers, "more": page.next_place and more}
    return {"country": country, "feed": feed, **found}


@login_required
@require_safe
def offer(request: HttpRequest, team: str, offer: int) -> HttpResponse:
    """What one service has cost in one country, ``?span=`` far back, and when it was sold out."""
    membership = get_membership(request, team)
    offers = Offer.objects.select_related("service", "country")
    shown = get_object_or_404(offers, pk=offer)
    form = HistoryForm(request.GET)
    form.is_valid()
    span = form.cleaned_data.get("span") or Span.ALL
    now = timezone.now()
    levels = chart.read_levels(shown, span, now)
    context = {
        "team": membership.team,
        "membership": membership,
        "offer": shown,
        "levels": levels[: -LEVELS_SHOWN - 1 : -1],
        "chart": chart.draw(levels, until=now),
        "span": span,
        "spans": Span.choices,
        "feed": Feed.objects.filter(key=Feed.prices_key(shown.country)).first(),
    }
    return render(request, "catalog/offer.html", context)


@login_required
@require_POST
def refresh(request: HttpRequest, team: str) -> HttpResponse:
    """Have the prices read again, and say what comes of it."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    as_of = Feed.objects.of_numbers().freshness().as_of
    if not sources.has_any():
        messages.error(request, _("Nobody can read the prices: add a provider account first."))
    elif as_of and timezone.now() - as_of < READ_AGAIN_AFTER:
        messages.info(request, _("The prices were read less than a minute ago."))
    elif sync.ask_for_refresh(membership.team, older_than=READ_AGAIN_AFTER):
        messages.success(request, _("The prices are being read again. This takes some seconds."))
    else:
        messages.info(request, _("The prices are being read already."))
    return redirect(way_back(request, reverse("catalog:prices", args=[membership.team.slug])))
