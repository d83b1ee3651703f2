from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Write down from now on what people do with their sign-in, and keep their second factors."""
        from accounts import devices, second_factor
        from accounts.audit import listening
        from accounts.models import second_factor as secrets

        listening.connect()
        devices.connect()
        second_factor.connect()
        secrets.connect()
