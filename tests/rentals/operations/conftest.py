"""A shop to buy in: the sandbox, one offer of it in our catalogue, and short words for buying."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import ProviderAccount, Team, User
from catalog.models import Area, Offer
from rentals.models import Activation, Lease, Purchase
from rentals.operations.purchase import request_lease, request_number
from rentals.operations.sending import send_purchase
from sandbox.server import Sandbox
from tests.factories import make_country, make_offer, make_service

COST = Decimal("0.1400")


@dataclass
class Shop:
    """Alice's team with an account at the sandbox, and the one offer that the tests buy."""

    team: Team
    alice: User
    account: ProviderAccount
    token: str
    offer: Offer
    sandbox: Sandbox

    def ask(self, **changes: Any) -> Purchase:
        """Press the button; nothing is sent yet."""
        wish: dict[str, Any] = {
            "team": self.team,
            "buyer": self.alice,
            "account": self.account,
            "offer": self.offer,
            "quoted": self.offer.cost,
            "client_key": uuid.uuid4(),
        }
        return request_number(**wish | changes)

    def buy(self, **changes: Any) -> Purchase:
        """Press the button and let the worker send it."""
        purchase = self.ask(**changes)
        send_purchase(purchase_id=purchase.pk)
        purchase.refresh_from_db()
        return purchase

    def number(self) -> Activation:
        """Buy, and return the number that came."""
        return self.buy().activation

    def sends(self, call: str = "get/number") -> int:
        """How many requests of this kind have reached the provider."""
        return sum(1 for seen in self.sandbox.calls if seen.name == call)

    def frozen(self) -> Decimal:
        """What the provider itself holds for us."""
        return self.sandbox.world.account(self.token).frozen


@pytest.fixture
def shop(team: Team, alice: User, account: ProviderAccount, token: str, sandbox: Sandbox) -> Shop:
    country = make_country("United States", provider_id="5")
    service = make_service("Telegram", "tg", provider_id="3")
    sandbox.set_price(5, 3, cost=COST, stock=20, reusable=True)
    offer = make_offer(service, country, cost=COST, stock=20)
    return Shop(team, alice, account, token, offer, sandbox)


@pytest.fixture
def kinds() -> Callable[[Purchase], list[str]]:
    """The ledger of a purchase as a list of kinds."""
    return lambda purchase: list(purchase.entries.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def canada(db: None) -> Area:
    """An area as the sandbox has it: two dollars a month."""
    return Area.objects.create(
        provider_id="CA", title="Canada", monthly_price=Decimal(2), min_months=1, stock=48
    )


@pytest.fixture
def lease(shop: Shop, canada: Area) -> Lease:
    """A number in Canada for two months."""
    purchase = request_lease(
        team=shop.team,
        buyer=shop.alice,
        account=shop.account,
        area=canada,
        months=2,
        quoted=Decimal(4),
        client_key=uuid.uuid4(),
    )
    send_purchase(purchase_id=purchase.pk)
    return Lease.objects.get(purchase=purchase)


@pytest.fixture
def everything_adds_up(db: None) -> Iterator[None]:
    """Whatever a test did: events, entries, states and roll-ups tell the same story."""
    yield
    call_command("check_ledger", stdout=StringIO())
