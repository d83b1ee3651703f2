"""The price pages, and asking for new prices. What is bought is bought on the desk."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.models import Role
from catalog import sources, sparkline, sync
from catalog.forms import PricesForm
from catalog.models import Country, Feed, Offer, OfferQuerySet, Service

SERVICES_SHOWN = 60
OFFERS_SHOWN = 1000
POINTS_SHOWN = 200
READ_AGAIN_AFTER = timedelta(minutes=1)


@login_required
@require_safe
def prices(request: HttpRequest, team: str) -> HttpResponse:
    """Services and countries; with ``?service=`` its countries, with ``?country=`` its services."""
    membership = get_membership(request, team)
    form = PricesForm(request.GET)
    form.is_valid()  # what is not valid is not in cleaned_data, and counts as not asked for
    asked = form.cleaned_data
    context = {
        "team": membership.team,
        "membership": membership,
        "freshness": sync.refresh_if_stale(membership.team),
        "in_stock": asked.get("in_stock", False),
    }
    if asked.get("service"):
        context |= _countries_of(asked["service"], in_stock=context["in_stock"])
        return render(request, "catalog/service.html", context)
    if asked.get("country"):
        context |= _services_of(asked["country"], in_stock=context["in_stock"])
        return render(request, "catalog/country.html", context)
    found = Service.objects.offered().search(asked.get("q", ""))[:SERVICES_SHOWN]
    context |= {"query": asked.get("q", ""), "services": found.with_best_price()}
    context["countries"] = Country.objects.offered()
    return render(request, "catalog/prices.html", context)


def _countries_of(service_id: int, *, in_stock: bool) -> dict[str, Any]:
    service = get_object_or_404(Service, pk=service_id)
    offers = _wanted(in_stock).of_service(service).with_age()
    return {"service": service, "offers": offers[:OFFERS_SHOWN]}


def _services_of(country_id: int, *, in_stock: bool) -> dict[str, Any]:
    country = get_object_or_404(Country, pk=country_id)
    feed = Feed.objects.filter(key=Feed.prices_key(country)).first()
    offers = _wanted(in_stock).of_country(country)
    return {"country": country, "feed": feed, "offers": offers[:OFFERS_SHOWN]}


def _wanted(in_stock: bool) -> OfferQuerySet:
    return Offer.objects.in_stock() if in_stock else Offer.objects.listed()


@login_required
@require_safe
def offer(request: HttpRequest, team: str, offer: int) -> HttpResponse:
    """What one service has cost in one country, as far back as we know."""
    membership = get_membership(request, team)
    shown = get_object_or_404(Offer.objects.select_related("service", "country"), pk=offer)
    newest = list(shown.points.order_by("-at", "-pk")[:POINTS_SHOWN])
    context = {
        "team": membership.team,
        "membership": membership,
        "offer": shown,
        "points": newest,
        "picture": sparkline.draw(newest[::-1], until=timezone.now()),
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
    return redirect(_way_back(request, reverse("catalog:prices", args=[membership.team.slug])))


def _way_back(request: HttpRequest, otherwise: str) -> str:
    """Return where the form was, if it is a page of ours."""
    page = request.POST.get("next", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(page, hosts, require_https=request.is_secure())
    return page if safe else otherwise
