"""Requests that the site makes: to the provider's configured address, through one client, and nowhere else.

What the provider or a member says is never an address that is asked: a redirect is an error
(`tests/smsbus/test_transports.py`), the public link of a lease is shown and never opened.
"""

import ast
from pathlib import Path

import pytest

from core.env import BadSetting
from tests.running.test_settings import PRODUCTION
from tests.running.test_settings import Settings as ReadSettings

ROOT = Path(__file__).parents[2]
# The sandbox answers requests; the tests and benchmarks are not the site.
APART = {"sandbox", "tests", "bench", "script", ".venv", "var"}
CLIENTS = {"requests", "aiohttp", "httpx", "urllib3", "urllib.request", "http.client", "apprise"}
MAY_ASK = {"smsbus/transport.py", "smsbus/polling.py"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_only_the_providers_client_asks_anybody() -> None:
    asking = set()
    for path in ROOT.rglob("*.py"):
        place = path.relative_to(ROOT)
        if place.parts[0] in APART or place.parts[0].startswith("."):
            continue
        clients = {
            name
            for name in imports(path)
            if any(name == client or name.startswith(f"{client}.") for client in CLIENTS)
        }
        if clients:
            asking.add(str(place))
    assert asking == MAY_ASK


@pytest.mark.parametrize("name", ["SMSBUS_API_URL", "SMSBUS_RENT_URL"])
@pytest.mark.parametrize(
    "address",
    ["http://sms-bus.example", "http://169.254.169.254/", "file:///etc/passwd", "ftp://x"],
)
def test_the_providers_address_is_https_or_on_this_machine(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(BadSetting):
        ReadSettings(monkeypatch, tmp_path).read(**PRODUCTION | {name: address})
