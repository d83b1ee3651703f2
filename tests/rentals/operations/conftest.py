"""A shop to buy in: the sandbox, one offer of it in our catalogue, and short words for buying."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import ProviderAccount, Team, User
from catalog.models import Offer
from rentals.models import Activation, Purchase
from rentals.operations.purchase import request_number
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
