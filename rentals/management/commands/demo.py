"""``manage.py demo``: the demo team, its account at the sandbox, a catalogue and a past."""

import uuid
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import operations as accounts
from accounts.models import Membership, ProviderAccount, Role, Team, User
from catalog.models import Area, Offer
from catalog.sync import refresh_catalogue
from rentals.demo import tell_past
from rentals.operations.purchase import request_lease
from rentals.operations.sending import send_purchase

TOKEN = "sandbox-demo-token"  # the one that `python -m sandbox` knows unless told otherwise
PURCHASES = 120
MATES = (("ada@busstop.example", "Ada", Role.ADMIN), ("ravi@busstop.example", "Ravi", Role.MEMBER))


class Command(BaseCommand):
    """Safe to run at every start: what is there already is left alone."""

    help = "Make the demo team with data, where the provider is the sandbox."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--token", default=TOKEN, help="of an account at the sandbox")
        parser.add_argument(
            "--purchases", type=int, default=PURCHASES, help="in the team's past (%(default)s)"
        )

    def handle(self, *args: Any, token: str, purchases: int, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo team exists only with the sandbox: DEMO=1, and SMSBUS_API_URL and "
                "SMSBUS_RENT_URL on this machine."
            )
        user = accounts.ensure_demo_user()
        team = Team.objects.of(user)[0]
        account = team.provider_accounts.kept().first() or accounts.add_provider_account(
            team=team, actor=user, name="Sandbox", token=token, refer_id="demo"
        )
        if not Offer.objects.exists():
            refresh_catalogue(team.pk)
        if not team.purchases.exists():
            self._furnish(team, user, account, purchases)
        self.stdout.write(f"{user.email} is ready in {team.name}")

    def _furnish(self, team: Team, user: User, account: ProviderAccount, purchases: int) -> None:
        Team.objects.filter(pk=team.pk).update(name="Demo team")
        members = [user]
        for email, name, role in MATES:
            mate = User.objects.filter(email=email).first() or User.objects.create_user(
                email, name=name
            )
            Membership.objects.get_or_create(team=team, user=mate, defaults={"role": role})
            members.append(mate)
        tell_past(account, members, purchases=purchases, prices_moved=True)
        self._lease(team, user, account)

    def _lease(self, team: Team, user: User, account: ProviderAccount) -> None:
        """One long-term number, really leased: it gets its SMS, is renewed and given back."""
        area = Area.objects.listed().filter(stock__gt=0).order_by("monthly_price").first()
        if area is None:
            return
        purchase = request_lease(
            team=team,
            buyer=user,
            account=account,
            area=area,
            months=area.min_months,
            quoted=area.monthly_price * area.min_months,
            client_key=uuid.uuid4(),
        )
        send_purchase(purchase_id=purchase.pk)
