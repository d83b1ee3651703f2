"""Buying, polling and cancelling under every fault leave the token nowhere but with the provider."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from django.core import mail
from django.db import DEFAULT_DB_ALIAS
from django.test import Client

from accounts.models import ProviderAccount, Team, User
from rentals.models import Activation, PollShard, Purchase
from rentals.operations import evidence
from rentals.operations.activation import request_cancel, send_cancel
from rentals.poller import budget
from rentals.poller.loop import Poller
from sandbox.server import Sandbox
from tests.accounts.test_canary import everything_in_redis, everything_in_the_database
from tests.factories import make_country, make_offer, make_provider_account, make_service
from tests.rentals.operations.conftest import Shop

CANARY = "canary0bd7c16e5f204a98b3d1e7a6c5f4"
REFERRAL = "canary-referral-90210"
# Each with the token in the answer where the fault lets us choose the answer.
FAULTS: list[tuple[str, dict[str, object]]] = [
    ("none", {}),
    ("reset", {"applied": True}),
    ("http_error", {"status": 502}),
    ("http_error", {"status": 429, "retry_after": 1}),
    ("redirect", {}),
    ("unknown_code", {"code": 59999, "message": f"token {CANARY} is odd"}),
    ("body", {"text": f"<html>?token={CANARY}</html>"}),
    ("malformed", {}),
    ("enormous", {}),
    ("no_data", {}),
]


@pytest.fixture
def shop(team: Team, alice: User, sandbox: Sandbox) -> Shop:
    sandbox.add_account(CANARY, balance=100, waiting_limit=100)
    sandbox.set_price(5, 3, cost="0.14", stock=100)
    account = make_provider_account(team, CANARY, refer_id=REFERRAL)
    offer = make_offer(make_service(provider_id="3"), make_country(provider_id="5"))
    return Shop(team, alice, account, CANARY, offer, sandbox)


async def poll(seconds: float) -> None:
    poller = Poller(0)
    await poller.run(seconds)
    await poller.close()


@pytest.mark.django_db(transaction=True, databases=[DEFAULT_DB_ALIAS])
def test_the_token_is_nowhere(
    shop: Shop,
    client_of: Callable[[User], Client],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(budget, "FIRST_PAUSE", 0.01)
    PollShard.objects.create(number=0)
    for call in ("list/prices", "get/balance", "get/number"):
        for kind, options in FAULTS:
            if kind != "none":
                shop.sandbox.fault(call, kind, **options)
            purchase = shop.buy()
            shop.sandbox.clear_faults()
            if purchase.baseline_frozen is not None and hasattr(purchase, "activation"):
                evidence.calibrate(purchase_id=purchase.pk)
            Purchase.objects.filter(state="unknown").update(look_again_at=None)
    for (kind, options), number in zip(FAULTS, Activation.objects.open(), strict=False):
        if kind != "none":
            shop.sandbox.fault("cancel", kind, **options)
            shop.sandbox.fault("get/sms", kind, **options)
        request_cancel(activation=number, actor=shop.alice)
        send_cancel(activation_id=number.pk)
        shop.sandbox.clear_faults()
    for kind, options in FAULTS[1:]:
        shop.sandbox.fault("get/sms", kind, times=2, **options)
    asyncio.run(poll(3))
    shop.sandbox.clear_faults()
    shop.sandbox.update_account(CANARY, revoked=True)
    shop.buy()
    browser = client_of(shop.alice)
    pages = [browser.get(p.get_absolute_url()).content for p in Purchase.objects.all()]
    pages += [browser.get(f"/t/{shop.team.slug}/{page}").content for page in ("", "history/")]

    assert ProviderAccount.objects.get(pk=shop.account.pk).state == "suspended"
    assert Purchase.objects.filter(state="unknown").count() >= 8
    sinks = {
        "log": caplog.text.encode(),
        "pages": b"".join(pages),
        "mail": "".join(str(m.message()) for m in mail.outbox).encode(),
        "redis": everything_in_redis(),
        "database": everything_in_the_database(),
    }
    for name, content in sinks.items():
        assert CANARY.encode() not in content, name
        assert REFERRAL.encode() not in content, name
