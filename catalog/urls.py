"""Addresses of the catalogue; every one of them belongs to a team."""

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("t/<slug:team>/prices/", views.prices, name="prices"),
    path("t/<slug:team>/prices/<int:offer>/", views.offer, name="offer"),
    path("t/<slug:team>/catalogue/refresh/", views.refresh, name="refresh"),
]
