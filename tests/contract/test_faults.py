"""What a provider can do wrong and the matrix does not say: which field, how long, which shape."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.calls import Shape
from sandbox.server import Sandbox
from smsbus import (
    BadAnswer,
    Client,
    NotSent,
    Price,
    RateLimited,
    WrongToken,
)
from tests.contract.cast import ALICE, TELEGRAM, US


@pytest.mark.parametrize("field", ["request_id", "number"])
@pytest.mark.parametrize("kind", ["missing", "mistyped"])
def test_a_purchase_without_its_fields_is_unknown(
    sandbox: Sandbox, alice: Client, kind: str, field: str
) -> None:
    sandbox.fault("get/number", kind, field=field)
    with pytest.raises(BadAnswer, match=field) as caught:
        alice.get_number(US, TELEGRAM)
    assert caught.value.outcome_unknown
    assert len(sandbox.books(ALICE)) == 1


@pytest.mark.parametrize("kind", ["nan", "infinity"])
def test_what_is_not_a_number_is_no_money(sandbox: Sandbox, alice: Client, kind: str) -> None:
    sandbox.fault("*", kind, times=2)
    with pytest.raises(BadAnswer):
        alice.get_balance()
    with pytest.raises(BadAnswer):
        alice.list_prices(US)


def test_a_429_carries_its_pause(sandbox: Sandbox, alice: Client) -> None:
    sandbox.fault("get/sms", "http_error", status=429, retry_after=7)
    with pytest.raises(RateLimited) as caught:
        alice.get_sms("124")
    assert caught.value.retry_after == 7.0


def test_an_untrusted_certificate_is_never_talked_to() -> None:
    with Sandbox(tls="self-signed") as sandbox:
        sandbox.add_account(ALICE)
        urls = {"api_url": sandbox.api_url, "rent_url": sandbox.rent_url}
        with pytest.raises(NotSent, match="certificate not trusted") as caught:
            Client(ALICE, **urls).get_number(US, TELEGRAM)
        assert caught.value.retry_safe
        assert not sandbox.calls
        trusting = Client(ALICE, **urls, ca_bundle=str(sandbox.certificate))
        assert trusting.get_balance().balance == 10


@pytest.mark.parametrize(
    "shape",
    [
        Shape(string_codes=True),
        Shape(lists=True),
        Shape(prices_keyed_by="country"),
        Shape(string_codes=True, lists=True, prices_keyed_by="country"),
    ],
    ids=str,
)
def test_the_shapes_seen_in_the_wild_mean_the_same(shape: Shape) -> None:
    with Sandbox(shape=shape) as sandbox:
        sandbox.add_account(ALICE)
        sandbox.set_price(int(US), int(TELEGRAM), cost="0.14", stock=100)
        urls = {"api_url": sandbox.api_url, "rent_url": sandbox.rent_url}
        client = Client(ALICE, **urls)
        assert len(client.list_countries()) == 48
        price = next(p for p in client.list_prices(US) if p.project_id == TELEGRAM)
        assert price == Price(US, TELEGRAM, Decimal("0.14"), 100)
        bought = client.get_number(US, TELEGRAM)
        sandbox.deliver(bought.request_id, "077866")
        assert client.get_sms(bought.request_id) == "077866"
        with pytest.raises(WrongToken):
            Client("ffffffff", **urls).get_balance()
