"""The strings of a running sandbox, pulled over HTTP from outside the site."""

from functools import cached_property
from typing import Any

import requests

from tests.plugins.site import Site

DEMO_TOKEN = "sandbox-demo-token"


class Provider:
    """The sandbox of a running site. Countries and services are named by their titles."""

    def __init__(self, site: Site) -> None:
        self.url = site.sandbox_url

    def control(self, operation: str, **arguments: Any) -> Any:
        """What sandbox/README.md lists under "Pulling the strings"."""
        answer = requests.post(f"{self.url}/_sandbox/{operation}", json=arguments, timeout=10)
        assert answer.ok, answer.text
        return answer.json()["result"]

    def look(self, what: str, **params: str) -> Any:
        answer = requests.get(f"{self.url}/_sandbox/{what}", params=params, timeout=10)
        assert answer.ok, answer.text
        return answer.json()["result"]

    def books(self, token: str = DEMO_TOKEN) -> list[dict[str, Any]]:
        """Every number the account was sold and what became of the money, oldest first."""
        return list(self.look("books", token=token))

    def count(self, call: str) -> int:
        """How often a call came in, even if a fault then swallowed it."""
        return int(self.look("counts").get(call, 0))

    def request_of(self, number: str) -> str:
        """The id of the newest open request of a number as a page shows it."""
        digits = "".join(filter(str.isdigit, number))
        requests = [r for r in self.look("requests") if r["number"] == digits]
        return str(requests[0]["request_id"])

    def deliver(self, number: str, text: str) -> None:
        """An SMS for a number as a page shows it."""
        delivered = self.control("deliver", request_id=self.request_of(number), text=text)
        assert delivered, f"{number} was given up already"

    def set_offer(self, service: str, country: str, **values: Any) -> None:
        """Change ``cost``, ``stock`` or ``reusable`` of an offer."""
        self.control(
            "set_price",
            country_id=self._ids["countries"][country],
            project_id=self._ids["projects"][service],
            **values,
        )

    @cached_property
    def _ids(self) -> dict[str, dict[str, int]]:
        return {kind: self._list(kind) for kind in ("countries", "projects")}

    def _list(self, kind: str) -> dict[str, int]:
        address = f"{self.url}/api/control/list/{kind}"
        rows = requests.get(address, params={"token": DEMO_TOKEN}, timeout=10).json()["data"]
        return {row["title"]: row["id"] for row in rows.values()}
