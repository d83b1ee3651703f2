"""A client of the plainest kind: it shares no code with ``smsbus``."""

import json
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sandbox
from sandbox.server import Sandbox

ROOT = Path(sandbox.__file__).parents[1]
README = ROOT / "sandbox" / "README.md"

UNITED_STATES, FRANCE = 5, 80
TELEGRAM, WHATSAPP, PAYPAL = 3, 5, 10
TOKEN = "token-of-alice"


class Client:
    """Calls as a shell script would: a URL, an answer. Amounts are read as ``Decimal``."""

    def __init__(self, sandbox: Sandbox, token: str = TOKEN) -> None:
        self.sandbox = sandbox
        self.token = token

    def otp(self, call: str, **params: Any) -> dict[str, Any]:
        return self._get(f"{self.sandbox.api_url}/{call}", params)

    def rent(self, call: str, **params: Any) -> dict[str, Any]:
        return self._get(f"{self.sandbox.rent_url}/v1/rent/{call}", params)

    def buy(self, country_id: int = UNITED_STATES, project_id: int = TELEGRAM) -> dict[str, Any]:
        answer = self.otp("get/number", country_id=country_id, project_id=project_id)
        assert answer["code"] == 200, answer
        return answer["data"]

    def lease(self, area_code: str = "CA", months: int = 1) -> dict[str, Any]:
        answer = self.rent("get/number", area_code=area_code, time=months)
        assert answer["code"] == 200, answer
        return answer["data"]

    def money(self) -> tuple[Decimal, Decimal]:
        data = self.otp("get/balance")["data"]
        return Decimal(data["balance"]), Decimal(data["frozen"])

    def _get(self, url: str, params: dict[str, Any]) -> dict[str, Any]:
        query = urlencode({"token": self.token, **params})
        with urllib.request.urlopen(f"{url}?{query}", timeout=10) as answer:
            return json.loads(answer.read(), parse_float=Decimal)
