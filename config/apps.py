from django.contrib.admin.apps import AdminConfig


class StaffSiteConfig(AdminConfig):
    """``django.contrib.admin`` with the door of ``accounts.staff_site`` and pages of our own."""

    default_site = "config.staff_site.Site"
