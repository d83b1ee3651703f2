"""Each documented refusal of each call, over HTTP: its class, its certainty, and no money moved.

A scenario sets the stage and returns the call that is to be refused.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.server import Sandbox
from smsbus import Call, Client, ServiceBlocked, WrongToken, errors, wire
from tests.contract.cast import (
    ALICE,
    CANADA,
    DAY,
    MINUTE,
    NOWHERE,
    PORTUGAL,
    TELEGRAM,
    US,
    WHATSAPP,
    ask,
    proved,
)
from tests.contract.documented import DOCUMENTED

Scenario = Callable[[Sandbox, Client], Call[Any]]
REFUSALS: list[tuple[str, int, Scenario]] = []


def refused(call: str, *codes: int) -> Callable[[Scenario], Scenario]:
    def register(scenario: Scenario) -> Scenario:
        for code in codes:
            proved.add((call, code))
            REFUSALS.append((call, code, scenario))
        return scenario

    return register


def received_number(sandbox: Sandbox, alice: Client) -> str:
    bought = alice.get_number(US, TELEGRAM)
    sandbox.deliver(bought.request_id, "111111")
    return bought.number


@refused("list/prices", 50001)
def a_country_without_services(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.list_prices(NOWHERE)


@refused("get/number", 50002)
def none_left(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.set_price(int(US), int(TELEGRAM), stock=0)
    return wire.get_number(US, TELEGRAM)


@refused("get/number", 50104)
def too_many_are_waiting(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.update_account(ALICE, waiting_limit=1)
    alice.get_number(US, TELEGRAM)
    return wire.get_number(US, TELEGRAM)


@refused("get/number", 50201)
def too_dear(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.set_price(int(US), int(TELEGRAM), cost=Decimal("10.01"))
    return wire.get_number(US, TELEGRAM)


@refused("get/number", 50208)
def not_activated(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.update_account(ALICE, activated=False)
    return wire.get_number(US, TELEGRAM)


@refused("get/number", 50214)
def blocked(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.block(ALICE, int(TELEGRAM))
    return wire.get_number(US, TELEGRAM)


@refused("get/sms", 50101)
def no_sms_yet(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.get_sms(alice.get_number(US, TELEGRAM).request_id)


@refused("get/sms", 50102)
def timed_out(sandbox: Sandbox, alice: Client) -> Call[Any]:
    bought = alice.get_number(US, TELEGRAM)
    sandbox.advance(20 * MINUTE)
    return wire.get_sms(bought.request_id)


@refused("cancel", 50103)
def closed_by_its_sms(sandbox: Sandbox, alice: Client) -> Call[Any]:
    bought = alice.get_number(US, TELEGRAM)
    sandbox.deliver(bought.request_id, "111111")
    return wire.cancel(bought.request_id)


@refused("reuse", 50001)
def used_again_where_nothing_is_sold(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.reuse(NOWHERE, TELEGRAM, received_number(sandbox, alice))


@refused("reuse", 50007)
def a_number_never_sold(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.reuse(US, TELEGRAM, "19999999999")


@refused("reuse", 50107)
def used_again_for_another_service(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.set_price(int(US), int(WHATSAPP), stock=1)
    return wire.reuse(US, WHATSAPP, received_number(sandbox, alice))


@refused("reuse", 50108)
def used_again_before_its_sms(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.reuse(US, TELEGRAM, alice.get_number(US, TELEGRAM).number)


@refused("reuse", 50109)
def used_again_too_late(sandbox: Sandbox, alice: Client) -> Call[Any]:
    number = received_number(sandbox, alice)
    sandbox.advance(21 * MINUTE)
    return wire.reuse(US, TELEGRAM, number)


@refused("reuse", 50201)
def used_again_without_money(sandbox: Sandbox, alice: Client) -> Call[Any]:
    number = received_number(sandbox, alice)
    sandbox.top_up(ALICE, Decimal("-9.86"))
    return wire.reuse(US, TELEGRAM, number)


@refused("reuse", 50208)
def used_again_when_deactivated(sandbox: Sandbox, alice: Client) -> Call[Any]:
    number = received_number(sandbox, alice)
    sandbox.update_account(ALICE, activated=False)
    return wire.reuse(US, TELEGRAM, number)


@refused("rent/get/number", 50004)
def none_left_to_lease(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.set_area(CANADA, stock=0)
    return wire.rent_get_number(CANADA, 1)


@refused("rent/get/number", 50201)
def a_lease_too_dear(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_get_number(CANADA, 6)


@refused("rent/get/number", 50208)
def a_lease_when_not_activated(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.update_account(ALICE, activated=False)
    return wire.rent_get_number(CANADA, 1)


@refused("rent/get/number", 50401)
def a_lease_nowhere(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_get_number("XX", 1)


@refused("rent/get/number", 50402)
def a_lease_too_short(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_get_number(PORTUGAL, 1)


@refused("rent/renew/number", 50201)
def a_renewal_too_dear(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_renew_number(CANADA, alice.rent_get_number(CANADA, 1).mobile_number, 5)


@refused("rent/renew/number", 50401)
def a_renewal_nowhere(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_renew_number("XX", alice.rent_get_number(CANADA, 1).mobile_number, 1)


@refused("rent/renew/number", 50402)
def a_renewal_too_short(sandbox: Sandbox, alice: Client) -> Call[Any]:
    leased = alice.rent_get_number(PORTUGAL, 2)
    return wire.rent_renew_number(PORTUGAL, leased.mobile_number, 1)


@refused("rent/renew/number", 50404)
def a_renewal_too_late(sandbox: Sandbox, alice: Client) -> Call[Any]:
    leased = alice.rent_get_number(CANADA, 1)
    sandbox.advance(60 * DAY)
    return wire.rent_renew_number(CANADA, leased.mobile_number, 1)


@refused("rent/cancel/order", 50005)
def cancelled_before(sandbox: Sandbox, alice: Client) -> Call[Any]:
    leased = alice.rent_get_number(CANADA, 1)
    alice.rent_cancel_order(leased.order_id)
    return wire.rent_cancel_order(leased.order_id)


@refused("rent/cancel/order", 50403)
def cancelled_after_an_sms(sandbox: Sandbox, alice: Client) -> Call[Any]:
    leased = alice.rent_get_number(CANADA, 1)
    sandbox.deliver_lease(leased.mobile_number, "111111")
    return wire.rent_cancel_order(leased.order_id)


@refused("rent/cancel/order", 50405)
def cancelled_a_fourth_time(sandbox: Sandbox, alice: Client) -> Call[Any]:
    sandbox.set_area(CANADA, stock=1)
    for _ in range(3):
        alice.rent_cancel_order(alice.rent_get_number(CANADA, 1).order_id)
    return wire.rent_cancel_order(alice.rent_get_number(CANADA, 1).order_id)


@refused("rent/get/sms", 404)
def the_newest_sms_of_no_lease(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_get_sms(CANADA, "5140000000")


@refused("rent/list/sms", 404)
def all_sms_of_no_lease(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_list_sms(CANADA, "5140000000")


@refused("rent/change/link/status", 404)
def the_link_of_no_lease(sandbox: Sandbox, alice: Client) -> Call[Any]:
    return wire.rent_change_link_status(CANADA, "5140000000", True)


@pytest.mark.parametrize(
    ("call", "code", "scenario"),
    REFUSALS,
    ids=[f"{call} {code} {scenario.__name__}" for call, code, scenario in REFUSALS],
)
def test_a_documented_refusal_is_certain_and_moves_no_money(
    sandbox: Sandbox, alice: Client, call: str, code: int, scenario: Scenario
) -> None:
    refused_call = scenario(sandbox, alice)
    before = alice.get_balance()
    with pytest.raises(errors.BY_CODE[code]) as caught:
        ask(alice, refused_call)
    assert (sandbox.calls[-1].name, sandbox.calls[-1].code) == (call, code)
    assert caught.value.code == code
    assert caught.value.message
    assert not caught.value.outcome_unknown
    assert alice.get_balance() == before


def test_a_block_tells_when_it_ends(sandbox: Sandbox, alice: Client) -> None:
    with pytest.raises(ServiceBlocked) as caught:
        ask(alice, blocked(sandbox, alice))
    assert caught.value.until is not None
    assert abs(caught.value.until - datetime.now(UTC) - timedelta(days=1)) < timedelta(minutes=1)


ANY_OF_EACH: list[Call[Any]] = [
    wire.get_balance(),
    wire.list_countries(),
    wire.list_projects(),
    wire.list_prices(US),
    wire.get_number(US, TELEGRAM),
    wire.get_sms("124"),
    wire.cancel("124"),
    wire.reuse(US, TELEGRAM, "17548003793"),
    wire.rent_list_area(),
    wire.rent_get_number(CANADA, 1),
    wire.rent_renew_number(CANADA, "5143080170", 1),
    wire.rent_cancel_order("26"),
    wire.rent_list_number(),
    wire.rent_list_order(),
    wire.rent_get_sms(CANADA, "5143080170"),
    wire.rent_list_sms(CANADA, "5143080170"),
    wire.rent_change_link_status(CANADA, "5143080170", True),
]
for any_call in ANY_OF_EACH:
    proved.add((any_call.name, 400 if any_call.name == "reuse" else 401))


@pytest.mark.parametrize("call", ANY_OF_EACH, ids=lambda call: call.name)
def test_a_wrong_token_is_told_by_every_call(stranger: Client, call: Call[Any]) -> None:
    with pytest.raises(WrongToken) as caught:
        ask(stranger, call)
    assert caught.value.code == (400 if call.name == "reuse" else 401)
    assert not caught.value.outcome_unknown
    assert not caught.value.retry_safe


def test_every_documented_answer_has_its_contract_test() -> None:
    import tests.contract.test_otp
    import tests.contract.test_rent  # noqa: F401  (their marks count)

    documented = {(call, code) for call, codes in DOCUMENTED.items() for code in {200, *codes}}
    assert proved == documented
    assert set(DOCUMENTED) == {call.name for call in wire.CALLS}
