"""9,010 malformed answers to the client: a typed result or an error of the tree, and honest doubt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from sandbox.server import Sandbox
from smsbus import Call, Client, ProviderError, SmsBusError
from tests.contract.cast import CANADA, TELEGRAM, US
from tests.contract.matrix import CALLS, FACTS
from tests.malformed.mutations import spoilt
from tests.smsbus.canary import CANARY, assert_clean

ANSWERS = {name: 691 if asked.kind == "read" else 300 for name, asked in CALLS.items()}
"""How many to each call; one with an effect needs a connection of its own each time."""
KEPT_ROWS = 4


@pytest.fixture(scope="module")
def provider() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
        sandbox.add_account(CANARY, balance=100_000, waiting_limit=100_000)
        sandbox.set_price(int(US), int(TELEGRAM), cost="0.14", stock=100_000, reusable=True)
        sandbox.set_area(CANADA, stock=100_000)
        yield sandbox


def good_answer(client: Client, call: Call[Any]) -> dict[str, Any]:
    """What the provider says when all is well; of a long list a few rows."""
    answer = json.loads(client.send(call).body)
    data = answer.get("data")
    if isinstance(data, dict) and all(isinstance(row, dict) for row in data.values()):
        answer["data"] = dict(islice(data.items(), KEPT_ROWS))
    elif isinstance(data, list):
        answer["data"] = data[:KEPT_ROWS]
    return answer


def error_of(client: Client, call: Call[Any]) -> SmsBusError | None:
    """Ask; anything but an answer and an error of the tree fails the test."""
    try:
        call.read(client.send(call))
    except SmsBusError as error:
        return error
    return None


@pytest.mark.parametrize("name", CALLS)
def test_malformed_answers(provider: Sandbox, name: str) -> None:
    client = Client(CANARY, api_url=provider.api_url, rent_url=provider.rent_url)
    call = CALLS[name].make(provider, client)
    good = good_answer(client, call)
    before, errors, seen = provider.service.counts[name], 0, set()
    for answer in islice(spoilt(good, name), ANSWERS[name]):
        provider.fault(name, "body", **answer.as_fault())
        error = error_of(client, call)
        if error is None:
            continue
        errors += 1
        if repr(error) not in seen:
            assert_clean(error)
            seen.add(repr(error))
        refused = isinstance(error, ProviderError) and error.code in call.codes
        assert error.outcome_unknown == (call.effect and not refused), answer
        if not isinstance(error, ProviderError):
            assert (error.retry_safe, error.outcome_unknown) == FACTS[CALLS[name].kind], answer
    assert provider.service.counts[name] - before == ANSWERS[name], "nothing is sent twice"
    assert errors > ANSWERS[name] / 3
