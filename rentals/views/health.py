"""How the site is, for its staff and for their monitor."""

import secrets

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from core.health.fact import worst
from rentals.health import collect
from rentals.health.metrics import render as render_metrics

FRAGMENT = "fragment"


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Everything that ``rentals.health`` knows; ``?fragment`` leaves the page around it out.

    Only reached through the admin, which asks for staff with a second factor.
    """
    groups = collect()
    context = {"groups": groups, "level": worst(groups), "now": timezone.now()}
    if FRAGMENT in request.GET:
        return render(request, "rentals/_health.html", context)
    context |= admin.site.each_context(request) | {"title": _("Health")}
    return render(request, "rentals/health.html", context)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The same for Prometheus: 404 unless ``METRICS_TOKEN`` is set, 401 for who does not bear it.

    No address is let in without it: behind a proxy on the same machine everybody comes from there.
    """
    if not settings.METRICS_TOKEN:
        return HttpResponseNotFound(content_type="text/plain")
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    right = settings.METRICS_TOKEN.encode()
    if scheme.lower() != "bearer" or not secrets.compare_digest(token.strip().encode(), right):
        headers = {"WWW-Authenticate": "Bearer"}
        return HttpResponse(status=401, content_type="text/plain", headers=headers)
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)
