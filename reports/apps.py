"""The reports."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """What was spent, what came, and tables to take away."""

    name = "reports"
    default_auto_field = "django.db.models.BigAutoField"
