"""Short words for leasing, and for what the provider knows of it."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalog.models import Area
from rentals.models import Lease, Purchase
from rentals.operations.purchase import request_lease, request_renewal
from rentals.operations.sending import send_purchase
from rentals.operations.unknown import find_out
from sandbox.books import Entry
from smsbus import Client
from tests.rentals.operations.conftest import Shop

# Each leaves the outcome of a call unknown.
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("reset", {}),
    ("drop", {}),
    ("http_error", {"status": 502}),
    ("malformed", {}),
    ("no_data", {}),
]


def ask(shop: Shop, area: Area, months: int = 2, **changes: Any) -> Purchase:
    wish: dict[str, Any] = {
        "team": shop.team,
        "buyer": shop.alice,
        "account": shop.account,
        "area": area,
        "months": months,
        "quoted": area.monthly_price * months,
        "client_key": uuid.uuid4(),
    }
    return request_lease(**wish | changes)


def send(purchase: Purchase) -> Purchase:
    send_purchase(purchase_id=purchase.pk)
    return Purchase.objects.get(pk=purchase.pk)


def renew(shop: Shop, area: Area, lease: Lease, months: int = 1, **changes: Any) -> Purchase:
    wish: dict[str, Any] = {
        "lease": lease,
        "area": area,
        "buyer": shop.alice,
        "months": months,
        "quoted": area.monthly_price * months,
        "client_key": uuid.uuid4(),
    }
    return request_renewal(**wish | changes)


def look(purchase: Purchase) -> Purchase:
    """Let the quiet period pass and look into it."""
    Purchase.objects.filter(pk=purchase.pk, look_again_at__isnull=False).update(
        look_again_at=timezone.now() - timedelta(seconds=1)
    )
    find_out(purchase_id=purchase.pk)
    return Purchase.objects.get(pk=purchase.pk)


def look_until_the_end(purchase: Purchase) -> Purchase:
    look(purchase)
    Purchase.objects.filter(pk=purchase.pk).update(sent_at=timezone.now() - timedelta(hours=1))
    return look(purchase)


def books(shop: Shop) -> list[Entry]:
    return shop.sandbox.books(shop.token)


def other_user(shop: Shop) -> Client:
    """Somebody at the provider's own site, on the same account."""
    return Client(shop.token, api_url=shop.sandbox.api_url, rent_url=shop.sandbox.rent_url)
