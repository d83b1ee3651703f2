"""What is bought: numbers for one SMS, new or used again. The calls for them, and their rows."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

import smsbus
from rentals import journal
from rentals.models import Activation, Purchase
from rentals.wakeup import wake_poller
from smsbus import wire

LIFE = timedelta(minutes=20)  # of a request at the provider; only an estimate for the page


def read_price(purchase: Purchase, client: smsbus.Client) -> Decimal | None:
    """Return what the number costs now; None where it is not offered. Raises ``SmsBusError``."""
    try:
        prices = client.list_prices(purchase.country.provider_id)
    except smsbus.NoServiceInCountry:
        return None
    wanted = purchase.service.provider_id
    return next((price.cost for price in prices if price.project_id == wanted), None)


def call(purchase: Purchase, client: smsbus.Client) -> wire.Call[smsbus.Number]:
    """Return the call that buys it; the referral ID goes with it."""
    place = (purchase.country.provider_id, purchase.service.provider_id)
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
    bought = purchase.sent_at or timezone.now()
    activation = Activation.objects.create(
        purchase=purchase,
        team=purchase.team,
        account=purchase.account,
        country=purchase.country,
        service=purchase.service,
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
