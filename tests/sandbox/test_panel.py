"""``/_sandbox/``: the same strings from outside, and the page to deliver an SMS by hand."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.panel import OPERATIONS
from sandbox.server import Sandbox
from tests.sandbox.client import README, TELEGRAM, TOKEN, UNITED_STATES, Client


def post(sandbox: Sandbox, operation: str, **arguments: Any) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{sandbox.control_url}/{operation}",
        data=json.dumps(arguments).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def get(sandbox: Sandbox, what: str, **params: str) -> Any:
    url = f"{sandbox.control_url}/{what}?{urlencode(params)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())["result"]


def test_the_whole_life_of_a_number_from_outside(sandbox: Sandbox) -> None:
    assert (
        post(sandbox, "add_account", token="token-of-bob", balance=2.5, waiting_limit=3)[0] == 200
    )
    place = {"country_id": UNITED_STATES, "project_id": TELEGRAM}
    status, answer = post(sandbox, "set_price", **place, cost=0.25, stock=5)
    assert (status, answer["result"]["cost"]) == (200, "0.2500")
    bob = Client(sandbox, "token-of-bob")
    sold = bob.buy()
    [request] = get(sandbox, "requests")
    assert (request["request_id"], request["service"]) == (str(sold["request_id"]), "Telegram")
    assert post(sandbox, "deliver", request_id=sold["request_id"], text="042")[1]["result"] is True
    assert bob.otp("get/sms", request_id=sold["request_id"])["data"] == "042"
    [entry] = get(sandbox, "books", token="token-of-bob")
    assert (entry["amount"], entry["state"]) == ("0.2500", "charged")
    [call] = get(sandbox, "calls", name="get/number")
    assert (call["account"], call["code"]) == (1, 200)
    assert call["params"] == {name: str(value) for name, value in place.items()}
    assert get(sandbox, "counts") == {"get/number": 1, "get/sms": 1}


def test_time_faults_and_blocks_from_outside(sandbox: Sandbox, alice: Client) -> None:
    assert post(sandbox, "fault", call="get/balance", kind="unknown_code", code=7)[0] == 200
    assert alice.otp("get/balance")["code"] == 7
    post(sandbox, "fault", call="*", kind="http_error", times=None)
    post(sandbox, "clear_faults")
    request_id = alice.buy()["request_id"]
    post(sandbox, "advance", seconds=1200)
    assert alice.otp("get/sms", request_id=request_id)["code"] == 50102
    post(sandbox, "block", token=TOKEN, project_id=TELEGRAM, hours=1)
    place = {"country_id": UNITED_STATES, "project_id": TELEGRAM}
    assert alice.otp("get/number", **place)["code"] == 50214


def test_no_token_is_shown(sandbox: Sandbox, alice: Client) -> None:
    alice.buy()
    shown = [get(sandbox, what) for what in ("accounts", "calls", "requests", "leases")]
    assert TOKEN not in json.dumps(shown)
    with urllib.request.urlopen(f"{sandbox.control_url}/") as page:
        assert TOKEN.encode() not in page.read()


@pytest.mark.parametrize(
    ("operation", "arguments", "status"),
    [
        ("deliver", {"request_id": "999", "text": "x"}, 404),
        ("deliver_lease", {"mobile_number": "999", "text": "x"}, 404),
        ("block", {"token": "nobody's", "project_id": 1}, 404),
        ("set_price", {"country_id": 999, "project_id": 1}, 404),
        ("add_account", {"token": TOKEN}, 400),
        ("add_account", {"token": "x", "balance": "much"}, 400),
        ("advance", {"seconds": -1}, 400),
        ("advance", {"minutes": 1}, 400),
        ("advance", {}, 400),
        ("fault", {"call": "get/sms", "kind": "nonsense"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(
    sandbox: Sandbox, operation: str, arguments: dict[str, Any], status: int
) -> None:
    code, answer = post(sandbox, operation, **arguments)
    assert code == status
    assert answer["ok"] is False
    assert answer["error"]


def test_only_what_is_on_the_list_can_be_called(sandbox: Sandbox) -> None:
    for name in ("stop", "start", "world", "__init__", "deliver/../stop"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{sandbox.control_url}/{name}", data=b"{}")


def test_an_sms_delivered_by_hand(sandbox: Sandbox, alice: Client) -> None:
    request_id = alice.buy()["request_id"]
    lease = alice.lease()
    form = urlencode({"request_id": request_id, "text": "<i>Code 1</i>"}).encode()
    with urllib.request.urlopen(f"{sandbox.control_url}/deliver", data=form) as page:
        html = page.read().decode()
    assert "&lt;i&gt;Code 1&lt;/i&gt;" in html
    assert lease["mobile_number"] in html
    assert alice.otp("get/sms", request_id=request_id)["data"] == "<i>Code 1</i>"


def test_every_operation_is_described() -> None:
    readme = README.read_text(encoding="utf-8")
    assert [name for name in OPERATIONS if f"`{name}`" not in readme] == []
