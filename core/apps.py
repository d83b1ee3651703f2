from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core.health.reporter import count_call
        from smsbus.observing import observe

        observe(count_call)
