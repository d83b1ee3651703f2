from django.apps import AppConfig


class RentalsConfig(AppConfig):
    name = "rentals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.signals import balance_read
        from rentals.operations import drift

        balance_read.connect(drift.on_balance_read, dispatch_uid="rentals")
