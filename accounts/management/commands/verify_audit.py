"""``manage.py verify_audit``: is the audit trail whole, and as it was written?"""

from argparse import FileType
from collections.abc import Iterator
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import check
from accounts.models import AuditChain, AuditEntry, Team


class Command(BaseCommand):
    """Prints one line for each break and exits with 1, or says how many entries it has verified.

    Safe to run on a site at work. ``--ends`` prints where each chain ends now: kept where nobody
    with access to the database comes, and given back later with ``--expect``, they also show a trail
    that was put back to an older state or written anew.
    """

    help = "Verify the audit trail: nothing edited, taken out, put in or cut off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--team", metavar="SLUG", help="only the chain of this team")
        parser.add_argument("--ends", action="store_true", help="print the chains' ends, to keep")
        parser.add_argument(
            "--expect",
            metavar="FILE",
            type=FileType("r", encoding="utf-8"),
            help="ends that were kept (- for standard input): they must still be there",
        )

    def handle(
        self,
        *args: Any,
        team: str | None,
        ends: bool,
        expect: TextIO | None,
        **options: Any,
    ) -> None:
        key = self._key_of(team) if team else None
        wrong = 0
        for line in self._breaks(key, expect):
            self.stdout.write(line)
            wrong += 1
        if wrong:
            raise CommandError(f"{wrong} breaks in the audit trail")
        chains, entries = AuditChain.objects.order_by("key"), AuditEntry.objects.all()
        if key:
            chains, entries = chains.filter(key=key), entries.filter(chain=key)
        if ends:
            for chain in chains.iterator(check.BATCH):
                self.stdout.write(str(check.End(chain.key, chain.length, chain.head)))
        self.stderr.write(f"{entries.count()} entries in {chains.count()} chains: all verified")

    def _key_of(self, slug: str) -> str:
        try:
            return AuditChain.key_of(Team.objects.get(slug=slug))
        except Team.DoesNotExist:
            raise CommandError(f"no team has the address {slug}") from None

    def _breaks(self, key: str | None, expect: TextIO | None) -> Iterator[str]:
        yield from check.check_chain(key) if key else check.check_chains()
        for line in expect or ():
            try:
                yield from check.check_kept_end(check.End.parse(line))
            except ValueError:
                raise CommandError(f"this is no end of a chain: {line.strip()}") from None
