"""Numbers for one SMS, new or used again: the calls for them, and their rows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

import smsbus
from catalog.models import Country, Service
from rentals import journal
from rentals.models import Activation, Purchase
from rentals.operations import evidence
from rentals.wakeup import wake_poller
from smsbus import wire

LIFE = timedelta(minutes=20)  # of a request at the provider; only an estimate for the page


def read_price(purchase: Purchase, client: smsbus.Client) -> Decimal | None:
    """Return what the number costs now; None where it is not offered.

    Raises ``SmsBusError``; ``BadAnswer`` too where it is missing from a list of which some rows could
    not be read.
    """
    country, service = _trip(purchase)
    try:
        prices = client.list_prices(country.provider_id)
    except smsbus.NoServiceInCountry:
        return None
    wanted = (country.provider_id, service.provider_id)
    for price in prices:
        if (price.country_id, price.project_id) == wanted:
            return price.cost
    if prices.skipped:
        raise smsbus.BadAnswer("list/prices: its row may be one that cannot be read")
    return None


def take_baseline(purchase: Purchase, client: smsbus.Client) -> dict[str, Any]:
    """Return what the account is worth right before the send; nothing where that cannot be told."""
    reading = evidence.take_baseline(purchase, client)
    if reading is None:
        return {"baseline_frozen": None, "baseline_total": None}
    return {"baseline_frozen": reading.frozen, "baseline_total": reading.worth}


def call(purchase: Purchase, client: smsbus.Client) -> wire.Call[smsbus.Number]:
    """Return the call that buys it; the referral ID goes with it."""
    country, service = _trip(purchase)
    place = (country.provider_id, service.provider_id)
    if purchase.reuse_of is not None:
        return wire.reuse(*place, purchase.reuse_of.number, refer_id=client.refer_id)
    reuse = True if purchase.reusable_only else None
    return wire.get_number(*place, refer_id=client.refer_id, reuse=reuse)


def is_new(purchase: Purchase, receipt: smsbus.Number) -> bool:
    """Whether the provider gave a request id that we do not have yet."""
    same = Activation.objects.filter(account=purchase.account, request_id=receipt.request_id)
    return not same.exists()


def deliver(purchase: Purchase, receipt: smsbus.Number) -> None:
    """Write the number, and wake its poller on commit."""
    country, service = _trip(purchase)
    bought = purchase.sent_at or timezone.now()
    activation = Activation.objects.create(
        purchase=purchase,
        team=purchase.team,
        account=purchase.account,
        country=country,
        service=service,
        request_id=receipt.request_id,
        number=receipt.number,
        poll_slot=purchase.account.poll_slot,
        created=bought,
        expires_at=bought + LIFE,
    )
    journal.note(
        activation,
        to_state=activation.state,
        by="worker",
        data={"number": receipt.number, "request_id": receipt.request_id},
    )
    wake_poller(activation.poll_slot)


def _trip(purchase: Purchase) -> tuple[Country, Service]:
    """The country and the service, which the purchase of a number always has."""
    if purchase.country is None or purchase.service is None:
        raise ValueError(f"purchase {purchase.pk} is for no number")
    return purchase.country, purchase.service
