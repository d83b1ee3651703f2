"""``manage.py buying``: is anything stopped? And the switch itself."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.models import Action, ProviderAccount, Team
from rentals.models import BuyingStop
from rentals.operations import fairuse


class Command(BaseCommand):
    """Says where buying is stopped; stops it, or lets it go on, at once and for all workers.

    On the whole site, or for one team or provider account. Open numbers go on, and so does what is
    being sent at that moment; what waits to be sent is given up and its money released.
    """

    help = "Stop buying and let it go on: on the whole site, for a team or a provider account."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("show", "stop", "resume"), nargs="?", default="show")
        parser.add_argument("--reason", help="why it is stopped, as members read it")
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--team", metavar="SLUG", help="only this team")
        scope.add_argument("--account", metavar="ID", help="only this provider account")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        scope = {"team": self._team(options["team"]), "account": self._account(options["account"])}
        if what == "stop":
            self._stop(options["reason"], **scope)
        elif what == "resume":
            self._resume(**scope)
        for stop in BuyingStop.objects.select_related("team", "account").order_by("pk"):
            self.stdout.write(
                f"stopped: {stop} since {stop.created:%Y-%m-%d %H:%M} UTC: {stop.reason}"
            )
        if not BuyingStop.objects.exists():
            self.stdout.write("buying is not stopped anywhere")

    def _stop(self, reason: str | None, **scope: Any) -> None:
        if not reason:
            raise CommandError("say why with --reason: members read it")
        stop = BuyingStop(reason=reason, **scope)
        try:
            with transaction.atomic():
                fairuse.begin_stop(stop)
                self._record(Action.BUYING_STOPPED, stop)
        except IntegrityError:
            raise CommandError(f"buying is stopped there already: {stop}") from None

    def _resume(self, **scope: Any) -> None:
        stop = BuyingStop.objects.filter(**scope).first()
        if stop is None:
            raise CommandError("buying is not stopped there")
        with transaction.atomic():
            self._record(Action.BUYING_RESUMED, stop)
            fairuse.end_stop(stop)

    def _record(self, action: Action, stop: BuyingStop) -> None:
        team = stop.account.team if stop.account else stop.team
        record(action=action, team=team, obj=stop, after={"reason": stop.reason})

    def _team(self, slug: str | None) -> Team | None:
        try:
            return Team.objects.get(slug=slug) if slug else None
        except Team.DoesNotExist:
            raise CommandError(f"no team has the address {slug}") from None

    def _account(self, pk: str | None) -> ProviderAccount | None:
        try:
            return ProviderAccount.objects.get(pk=pk) if pk else None
        except (ProviderAccount.DoesNotExist, ValidationError):
            raise CommandError(f"there is no provider account {pk}") from None
