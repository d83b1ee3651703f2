import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = (
        "Run the whole site: web, workers, poller, beat, and what else is missing. Ctrl-C ends it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verbose", action="store_true", help="show every line of every part")

    def handle(self, *args: Any, **options: Any) -> None:
        # In place of this process: the supervisor decides what the settings say, so it starts
        # before they are read.
        command = [sys.executable, "-m", "core.supervisor"]
        os.execv(sys.executable, [*command, "--verbose"] if options["verbose"] else command)
