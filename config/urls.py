"""Every address of the site. `/live` is not among them: config/asgi.py answers it."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("catalog.urls")),
    path("", include("live.urls")),
    path("", include("rentals.urls")),
]
