"""``manage.py seed_demo``: believable data of any size, to try the site out and to measure it."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from rentals.models import Purchase
from rentals.seeding import Plan, seed

SAY_EVERY_SECONDS = 5.0
MOST = {"purchases": 100_000_000, "teams": 1000, "days": 3650}


class Command(BaseCommand):
    """Makes teams of its own each time, and touches none that exists."""

    help = "Write teams with purchases, numbers, SMS, money and events of the past days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--purchases", type=int, default=10_000, help="in all (%(default)s)")
        parser.add_argument("--teams", type=int, default=3, help="(%(default)s)")
        parser.add_argument("--days", type=int, default=90, help="(%(default)s)")
        parser.add_argument("--seed", type=int, default=1, help="of chance (%(default)s)")
        parser.add_argument(
            "--force", action="store_true", help="also where there are purchases and no sandbox"
        )

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        plan = Plan(**{name: options[name] for name in ("purchases", "teams", "days", "seed")})
        for name, most in MOST.items():
            if not 1 <= getattr(plan, name) <= most:
                raise CommandError(f"--{name}: expected a whole number from 1 to {most}")
        if not (settings.DEMO or force) and Purchase.objects.exists():
            raise CommandError(
                "Somebody works with this site: it has purchases, and is no demo. What is made up "
                "cannot be taken out of its books again. --force writes it all the same."
            )
        began = said = time.monotonic()
        for written in seed(plan):
            if time.monotonic() - said > SAY_EVERY_SECONDS:
                said = time.monotonic()
                self.stdout.write(f"{written} of {plan.purchases} purchases")
        took = time.monotonic() - began
        rate = plan.purchases / took
        self.stdout.write(f"{plan.purchases} purchases in {took:.1f} s, {rate:.0f} a second")
