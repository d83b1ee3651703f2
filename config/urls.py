"""Every address of the site. `/live` is not among them: config/asgi.py answers it."""

from django.contrib import admin
from django.urls import include, path

from core import probes
from rentals.views.health import metrics

urlpatterns = [
    path("healthz", probes.alive, name="healthz"),
    path("readyz", probes.ready, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("catalog.urls")),
    path("", include("live.urls")),
    path("", include("notify.urls")),
    path("", include("rentals.urls")),
    path("", include("reports.urls")),
]
