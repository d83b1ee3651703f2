"""``manage.py check_ledger``: does everything add up?"""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from rentals import audit, audit_rollup
from rentals.models import LedgerEntry, Purchase


class Command(BaseCommand):
    """Prints one line for each difference and exits with 1, or says that there is none.

    Safe to run on a site at work. ``--fix-days`` rewrites roll-ups, which follow from the entries;
    entries and events are never touched, and what is wrong with a purchase is for a person.
    """

    help = "Recompute purchases, numbers and roll-ups from events and ledger entries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix-days", action="store_true", help="write wrong roll-ups anew from their entries"
        )

    def handle(self, *args: Any, fix_days: bool, **options: Any) -> None:
        purchases, entries = Purchase.objects.count(), LedgerEntry.objects.count()
        wrong = 0
        for line in self._differences(fix_days):
            self.stdout.write(line)
            wrong += 1
        if wrong:
            raise CommandError(f"{wrong} differences in {purchases} purchases, {entries} entries")
        self.stdout.write(f"{purchases} purchases, {entries} entries: all add up")

    def _differences(self, fix_days: bool) -> Iterator[str]:
        yield from audit.check_purchases()
        yield from audit.check_days(fix=fix_days)
        yield from audit_rollup.check_rollup(fix=fix_days)
