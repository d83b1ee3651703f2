"""Each documented success of the OTP service, over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.server import Sandbox
from smsbus import Balance, Client, Country, NoSmsYet, Price, Project, RequestReleased
from tests.contract.cast import MINUTE, TELEGRAM, US, proves


@proves("get/balance")
def test_balance_free_and_held(alice: Client) -> None:
    assert alice.get_balance() == Balance(Decimal(10), Decimal(0))
    alice.get_number(US, TELEGRAM)
    assert alice.get_balance() == Balance(Decimal("9.86"), Decimal("0.14"))


@proves("list/countries")
def test_countries(alice: Client) -> None:
    countries = alice.list_countries()
    assert len(countries) == 48
    assert Country("5", "United States of America", "us") in countries


@proves("list/projects")
def test_projects(alice: Client) -> None:
    projects = alice.list_projects()
    assert len(projects) >= 300
    assert Project("3", "Telegram", "tg") in projects


@proves("list/prices")
def test_prices(alice: Client) -> None:
    assert Price(US, TELEGRAM, Decimal("0.14"), 100) in alice.list_prices(US)


@proves("get/number")
def test_a_number_is_bought_with_the_referral(sandbox: Sandbox, alice: Client) -> None:
    number = alice.get_number(US, TELEGRAM, reuse=True)
    assert number.number.isdigit()
    assert number.number.startswith("1")
    assert len(number.request_id) == {"small": 3, "long": 21}[sandbox.world.ids]
    assert sandbox.calls[-1].params == {
        "country_id": US,
        "project_id": TELEGRAM,
        "refer_id": "77",
        "reuse": "true",
    }


@proves("get/sms")
@pytest.mark.parametrize("text", ["077866", "Dein Code: 429916\n\u202eabc \U0001f600"])
def test_an_sms_is_waited_for_and_read(sandbox: Sandbox, alice: Client, text: str) -> None:
    number = alice.get_number(US, TELEGRAM)
    with pytest.raises(NoSmsYet):
        alice.get_sms(number.request_id)
    sandbox.deliver(number.request_id, text)
    assert alice.get_sms(number.request_id) == text
    assert alice.get_balance() == Balance(Decimal("9.86"), Decimal(0))


@proves("cancel")
def test_a_cancelled_number_is_released_and_costs_nothing(alice: Client) -> None:
    number = alice.get_number(US, TELEGRAM)
    alice.cancel(number.request_id)
    assert alice.get_balance() == Balance(Decimal(10), Decimal(0))
    with pytest.raises(RequestReleased):
        alice.get_sms(number.request_id)


@proves("reuse")
def test_a_number_is_used_again_with_the_referral(sandbox: Sandbox, alice: Client) -> None:
    first = alice.get_number(US, TELEGRAM)
    sandbox.deliver(first.request_id, "111111")
    sandbox.advance(5 * MINUTE)
    again = alice.reuse(US, TELEGRAM, first.number)
    assert again.number == first.number
    assert again.request_id != first.request_id
    assert sandbox.calls[-1].params["refer_id"] == "77"
    sandbox.deliver(again.request_id, "222222")
    assert alice.get_sms(again.request_id) == "222222"
