from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core.translations import compile_translations


class Command(BaseCommand):
    help = "Bring database and translations up to date before a start; with DEMO, put its data in."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=options["verbosity"])
        compile_translations(*settings.LOCALE_PATHS)
        if settings.DEMO:
            call_command("demo", verbosity=options["verbosity"])
