"""A member who buys with plain forms, many numbers in a second."""

import re
import uuid

import requests
from django.utils.html import escape

from tests.plugins.site import Site


class Buyer:
    """The demo user in a browser without JavaScript."""

    def __init__(self, site: Site) -> None:
        self.url = site.url
        self.browser = requests.Session()
        self._send("/demo/", inputs(self._read("/")))
        self.desk = re.search(r'href="(/t/\w+/)"', self._read("/"))[1]  # type: ignore[index]

    def buy(self, service: str, count: int = 1) -> None:
        """Press the cheapest prices of a service, one after the other."""
        found = self._read(f"{self.desk}?q={service}")
        chosen = re.search(rf'\?service=(\d+)"[^>]*>\s*<span>{escape(service)}</span>', found)
        assert chosen, found
        offers = self._read(f"{self.desk}?service={chosen[1]}")
        forms = re.findall(r'<form class="buy".*?</form>', offers, re.DOTALL)
        for form in (forms * count)[:count]:
            # A form that is pressed again has a new key: else it would be the same purchase.
            self._send(f"{self.desk}buy/", inputs(form) | {"client_key": str(uuid.uuid4())})

    def _read(self, path: str) -> str:
        answer = self.browser.get(self.url + path, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text

    def _send(self, path: str, fields: dict[str, str]) -> None:
        headers = {"Referer": self.url}
        answer = self.browser.post(self.url + path, fields, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text


def inputs(form: str) -> dict[str, str]:
    """The hidden fields."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
