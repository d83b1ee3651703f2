"""Public clients of the provider run against the sandbox after changing only their base URL.

Each test sends requests exactly as a family of clients found in public repositories does: how it puts
a URL together, which parameters it adds, and what it reads from the answer.
"""

import http.client
import json
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.server import Sandbox
from tests.sandbox.client import TELEGRAM, TOKEN, UNITED_STATES


def get(url: str, headers: dict[str, str] | None = None) -> Any:
    """One connection per request, as ``fetch`` and ``HttpClient`` of a script do."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers or {})
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(answer.read())
    finally:
        connection.close()


def test_javascript_with_the_token_first_and_everything_as_text(sandbox: Sandbox) -> None:
    """``new URL(`${BASE}/${endpoint}`)`` with ``searchParams``; maps read by ``Object.values``."""
    base = sandbox.api_url
    countries = get(f"{base}/list/countries?token={TOKEN}")["data"]
    country = next(row for row in countries.values() if row["code"] == "us")
    assert country["id"] == UNITED_STATES
    projects = get(f"{base}/list/projects?token={TOKEN}")["data"]
    project = next(row for row in projects.values() if row["title"].lower() == "telegram")
    prices = get(f"{base}/list/prices?token={TOKEN}&country_id={country['id']}")["data"]
    price = next(row for row in prices.values() if row["project_id"] == project["id"])
    assert price["total_count"] > 0
    ids = f"country_id={country['id']}&project_id={project['id']}"
    sold = get(f"{base}/get/number?token={TOKEN}&{ids}")["data"]
    request_id = str(sold["request_id"])
    assert get(f"{base}/get/sms?token={TOKEN}&request_id={request_id}")["code"] == 50101
    sandbox.deliver(request_id, "429916")
    assert get(f"{base}/get/sms?token={TOKEN}&request_id={request_id}")["data"] == "429916"
    assert get(f"{base}/cancel?token={TOKEN}&request_id={request_id}")["code"] == 50103


def test_javascript_that_prefers_the_cheapest_country(sandbox: Sandbox) -> None:
    """Reads the key of each price row as the project; takes the first twenty countries."""
    base = sandbox.api_url
    countries = get(f"{base}/list/countries?token={TOKEN}")["data"]
    found = []
    for country_id in list(countries)[:20]:
        rows = get(f"{base}/list/prices?token={TOKEN}&country_id={country_id}")["data"]
        found += [row for key, row in rows.items() if int(key) == TELEGRAM]
    cheapest = min((row for row in found if row["total_count"] > 0), key=lambda row: row["cost"])
    ids = f"country_id={cheapest['country_id']}&project_id={TELEGRAM}"
    assert get(f"{base}/get/number?token={TOKEN}&{ids}")["code"] == 200


def test_csharp_that_asks_for_the_price_of_one_project(sandbox: Sandbox) -> None:
    """Adds ``project_id`` to ``list/prices``; ids and money read as JSON numbers; keeps the
    connection; escapes the number it reuses."""
    base = sandbox.api_url
    ids = f"country_id={UNITED_STATES}&project_id={TELEGRAM}"
    prices = get(f"{base}/list/prices?token={TOKEN}&{ids}")["data"]
    assert prices[str(TELEGRAM)]["cost"] == 0.14
    assert isinstance(get(f"{base}/get/balance?token={TOKEN}")["data"]["balance"], int | float)
    sold = get(f"{base}/get/number?token={TOKEN}&{ids}")["data"]
    sandbox.deliver(sold["request_id"], "1")
    number = quote(sold["number"], safe="")
    again = get(f"{base}/reuse?token={TOKEN}&{ids}&mobile_number={number}")
    assert again["data"]["number"] == sold["number"]
    assert again["data"]["request_id"] != sold["request_id"]


def test_rent_with_the_token_first_and_pages_of_twenty(sandbox: Sandbox) -> None:
    """Base URL with ``/v1/rent``; booleans as ``true`` and ``false``; ``page_size`` always sent."""
    base = sandbox.rent_url + "/v1/rent"
    areas = get(f"{base}/list/area?token={TOKEN}")["data"]
    area = next(row for row in areas if row["total"] > 0 and row["min_month"] == 1)
    place = f"area_code={area['area_code']}"
    lease = get(f"{base}/get/number?token={TOKEN}&{place}&time=1")["data"]
    place += f"&mobile_number={lease['mobile_number']}"
    listed = get(f"{base}/list/number?token={TOKEN}&only_active=true&page_num=1&page_size=20")
    assert [row["mobile_number"] for row in listed["data"]["list"]] == [lease["mobile_number"]]
    orders = get(f"{base}/list/order?token={TOKEN}&page_num=1&page_size=20")["data"]["list"]
    assert [row["order_id"] for row in orders] == [lease["order_id"]]
    messages = get(f"{base}/list/sms?token={TOKEN}&{place}&page_num=1&page_size=20")["data"]
    assert messages == {"page_num": 1, "page_size": 20, "total_page": 0, "total": 0, "list": []}
    assert get(f"{base}/change/link/status?token={TOKEN}&{place}&status=true")["data"] is True


def test_rent_with_the_token_last(sandbox: Sandbox) -> None:
    """The token after the other parameters, an ``Accept`` header, one row asked for by number."""
    base = sandbox.rent_url
    accept = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate, br"}
    lease = get(f"{base}/v1/rent/get/number?area_code=CA&time=1&token={TOKEN}", accept)["data"]
    place = f"area_code=CA&mobile_number={quote(lease['mobile_number'], safe='')}"
    asked = f"{place}&only_active=false&page_size=1&token={TOKEN}"
    page = get(f"{base}/v1/rent/list/number?{asked}", accept)["data"]
    assert page["list"][0]["expire_at"] == lease["expire_at"]
    renewed = get(f"{base}/v1/rent/renew/number?{place}&time=1&token={TOKEN}", accept)["data"]
    assert renewed["order_id"] != lease["order_id"]
    cancelled = get(f"{base}/v1/rent/cancel/order?order_id={renewed['order_id']}&token={TOKEN}")
    assert cancelled["code"] == 200
