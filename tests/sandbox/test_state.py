"""``--state``: the world lives on through a restart, and through kill -9."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.server import Sandbox
from tests.sandbox.client import FRANCE, ROOT, TELEGRAM, TOKEN, UNITED_STATES, WHATSAPP, Client


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite3"


def test_all_of_the_world_survives_a_restart(state: Path) -> None:
    with Sandbox(state=state) as sandbox:
        sandbox.add_account(TOKEN)
        sandbox.set_price(FRANCE, WHATSAPP, cost="0.4321", stock=7, reusable=False)
        sandbox.set_area("US", unit_price=123)
        alice = Client(sandbox)
        waiting, received = alice.buy(), alice.buy()
        sandbox.deliver(received["request_id"], "0815\x00\ud800")
        lease = alice.lease()
        sandbox.deliver_lease(lease["mobile_number"], "hello")
        until = sandbox.block(TOKEN, WHATSAPP)
        sandbox.advance(600)
        before = (alice.money(), sandbox.books(TOKEN), alice.rent("list/order")["data"])
        now = sandbox.world.clock.now()
    with Sandbox(state=state) as sandbox:
        alice = Client(sandbox)
        assert (alice.money(), sandbox.books(TOKEN), alice.rent("list/order")["data"]) == before
        assert sandbox.world.clock.now() >= now
        assert sandbox.world.account(TOKEN).blocks == {WHATSAPP: until}
        offer = sandbox.world.offer(FRANCE, WHATSAPP)
        assert offer is not None
        assert (str(offer.cost), offer.stock, offer.reusable) == ("0.4321", 7, False)
        assert sandbox.world.leases.areas["US"].unit_price == 123
        assert alice.otp("get/sms", request_id=received["request_id"])["data"] == "0815\x00\ud800"
        assert alice.otp("get/sms", request_id=waiting["request_id"])["code"] == 50101
        where = {"area_code": "CA", "mobile_number": lease["mobile_number"]}
        assert alice.rent("get/sms", **where)["data"]["content"] == "hello"
        assert alice.buy()["request_id"] == 126
        sandbox.advance(601)
        assert alice.otp("get/sms", request_id=waiting["request_id"])["code"] == 50102


def test_what_fell_due_while_it_was_down_happens_at_the_start(state: Path) -> None:
    with Sandbox(state=state, demo_seconds=0.01) as sandbox:
        sandbox.add_account(TOKEN)
        request_id = Client(sandbox).buy()["request_id"]
    with Sandbox(state=state) as sandbox:
        sandbox.advance(1)
        text = Client(sandbox).otp("get/sms", request_id=request_id)["data"]
        assert text.startswith("Telegram code: ")


def test_a_state_file_of_another_seed_is_refused(state: Path) -> None:
    with Sandbox(state=state, seed=1):
        pass
    with pytest.raises(ValueError, match="seed 1"):
        Sandbox(state=state, seed=2)
    with Sandbox(state=state, seed=1):
        pass


def test_a_state_file_in_use_is_refused(state: Path) -> None:
    with Sandbox(state=state), pytest.raises(sqlite3.OperationalError):
        Sandbox(state=state)


class Process(SimpleNamespace):
    """A running ``python -m sandbox`` as a client sees it."""

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def otp(self, call: str, query: str = "") -> Any:
        return self.get(f"/api/control/{call}?token={TOKEN}&{query}")


@pytest.fixture
def run(state: Path) -> Iterator[Any]:
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> Process:
        command = [
            sys.executable,
            "-m",
            "sandbox",
            "--state",
            str(state),
            "--token",
            TOKEN,
            *options,
        ]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        running.append(child)
        assert child.stdout is not None
        line = child.stdout.readline()
        assert line.startswith("sandbox listening on http://127.0.0.1:")
        return Process(child=child, url=line.split()[-1])

    yield start
    for child in running:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def test_kill_minus_nine_loses_nothing(run: Any) -> None:
    first = run("--balance", "5")
    place = f"country_id={UNITED_STATES}&project_id={TELEGRAM}"
    sold = first.otp("get/number", place)["data"]
    before = first.otp("get/balance")["data"]
    os.kill(first.child.pid, signal.SIGKILL)
    first.child.wait()
    second = run("--balance", "5")
    assert second.otp("get/balance")["data"] == before
    assert second.otp("get/sms", f"request_id={sold['request_id']}")["code"] == 50101
    assert second.otp("cancel", f"request_id={sold['request_id']}")["code"] == 200
    assert second.otp("get/balance")["data"] == {"balance": 5, "frozen": 0}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to(run: Any, how: signal.Signals) -> None:
    process = run("--demo", "6", "--ids", "long")
    process.child.send_signal(how)
    assert process.child.wait(timeout=10) == 0


def test_quiet_prints_the_address_only(run: Any) -> None:
    process = run("--quiet")
    process.child.terminate()
    assert process.child.stdout.read() == ""


@pytest.mark.parametrize("options", [["--port", "PORT"], ["--state", "/"]])
def test_trouble_at_the_start_is_named(options: list[str]) -> None:
    with Sandbox() as other:
        named = [option.replace("PORT", str(other.port)) for option in options]
        command = [sys.executable, "-m", "sandbox", *named]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr.startswith("sandbox: cannot ")
    assert named[1] in ended.stderr
    assert "Traceback" not in ended.stderr
