"""The admin with what is not the page of one model."""

from django.urls import URLPattern, URLResolver, path

from accounts.staff_site import StaffSite
from rentals.views.health import health


class Site(StaffSite):
    """The site's admin: ``admin:health`` besides the models."""

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The pages of our own come first: the last of Django's catches everything."""
        return [path("health/", self.admin_view(health), name="health"), *super().get_urls()]
