"""The server itself: HTTP as clients and proxies speak it, many at once, and what it leans on."""

import http.client
import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from sandbox.server import Sandbox
from tests.sandbox.client import ROOT, TELEGRAM, TOKEN, UNITED_STATES, Client

BALANCE = f"/api/control/get/balance?token={TOKEN}"


def test_a_connection_is_kept_for_the_next_call(sandbox: Sandbox) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=5)
    connection.request("GET", BALANCE)
    connection.getresponse().read()
    kept = connection.sock
    connection.request("GET", BALANCE)
    assert json.loads(connection.getresponse().read())["code"] == 200
    assert connection.sock is kept
    connection.close()


def test_requests_in_one_packet_and_in_pieces_are_answered_in_order(sandbox: Sandbox) -> None:
    sandbox.fault("get/balance", "hang", seconds=0.05)
    head = " HTTP/1.1\r\nHost: sandbox\r\n"
    first = f"GET {BALANCE}{head}\r\n"
    second = f"GET /api/control/get/sms?token={TOKEN}{head}Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as client:
        client.sendall((first + second[:9]).encode())
        client.sendall(second[9:].encode())
        received = b""
        while piece := client.recv(65536):
            received += piece
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b'"frozen"') < received.index(b"50102")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/control/get/everything", 404),
        ("GET", "/v1/rent/get/balance", 404),
        ("GET", "/api/control/rent/get/sms", 404),
        ("GET", "/_sandbox/nothing", 404),
        ("POST", BALANCE, 405),
    ],
)
def test_what_is_not_a_call(sandbox: Sandbox, method: str, path: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=5)
    connection.request(method, path)
    assert connection.getresponse().status == status
    connection.close()
    assert sandbox.calls == []


def test_what_is_not_http_ends_the_connection(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        try:
            received = client.recv(10)
        except ConnectionResetError:
            received = b""
    assert received == b""


def test_parallel_buyers_never_exceed_the_limit_the_stock_or_the_balance(sandbox: Sandbox) -> None:
    sandbox.set_price(UNITED_STATES, TELEGRAM, cost="1", stock=8)
    sandbox.add_account("limited", 100, waiting_limit=5)
    sandbox.add_account("poor", 2, waiting_limit=100)
    place = {"country_id": UNITED_STATES, "project_id": TELEGRAM}

    def buy(token: str) -> int:
        return Client(sandbox, token).otp("get/number", **place)["code"]

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(buy, ["limited", "poor"] * 12))
    assert codes[0::2].count(200) == 5
    assert codes[1::2].count(200) == 2
    offer = sandbox.world.offer(UNITED_STATES, TELEGRAM)
    assert offer is not None
    assert offer.stock == 1


def test_sms_and_cancels_at_the_same_moment_leave_the_books_right(sandbox: Sandbox) -> None:
    sandbox.update_account(TOKEN, waiting_limit=50)
    alice = Client(sandbox)
    requests = [alice.buy()["request_id"] for _ in range(20)]

    def cancel(request_id: int) -> bool:
        return alice.otp("cancel", request_id=request_id)["code"] == 200

    with ThreadPoolExecutor(4) as pool:
        cancelled = pool.map(cancel, requests)
        delivered = pool.map(lambda request_id: sandbox.deliver(request_id, "1"), requests)
        outcomes = list(zip(cancelled, delivered, strict=True))
    assert all(cancel != deliver for cancel, deliver in outcomes)
    charged = sum(deliver for _, deliver in outcomes)
    assert alice.money() == (10 - charged * Decimal("0.14"), 0)


def test_two_sandboxes_live_side_by_side(sandbox: Sandbox) -> None:
    with Sandbox() as other:
        other.add_account(TOKEN, 5)
        assert other.port != sandbox.port
        assert Client(other).money() == (5, 0)
        assert Client(sandbox).money() == (10, 0)


def test_it_stops_with_clients_still_waiting() -> None:
    with Sandbox() as sandbox:
        sandbox.add_account(TOKEN)
        sandbox.fault("get/balance", "hang", seconds=60)
        client = socket.create_connection(("127.0.0.1", sandbox.port), timeout=5)
        client.sendall(f"GET {BALANCE} HTTP/1.1\r\n\r\n".encode())
        while not sandbox.calls:
            pass
    assert client.recv(10) == b""
    client.close()
    sandbox.stop()


def test_it_needs_nothing_but_the_standard_library() -> None:
    """Above all nothing of ours: a mistake shared with the client would go unseen."""
    program = (
        "import sandbox.__main__, sys;"
        "roots = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(roots - set(sys.stdlib_module_names) - {'sandbox', '__main__'}))"
    )
    command = [sys.executable, "-S", "-c", program]  # -S: no installed packages at all
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
