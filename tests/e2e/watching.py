"""What no journey may do: reach for another host, break the page's policy, or fail unseen."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

from tests.plugins.site import Site


class Watcher:
    """Listens to all pages of a browser profile. A violated policy is a console error."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.site = urlsplit(site.url).netloc
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self._forgiven: list[str] = []
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", self._error)

    def forgive(self, pattern: str) -> None:
        """Errors that match are what the test is about."""
        self._forgiven.append(pattern)

    def check(self) -> None:
        assert not self.foreign, self.foreign
        assert not self.errors, self.errors

    def _note(self, error: str) -> None:
        if not any(re.search(pattern, error) for pattern in self._forgiven):
            self.errors.append(error)

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "about") and address.netloc != self.site:
            self.foreign.append(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status} {response.request.method} {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        # htmx drops the request of an element that a newer one has replaced meanwhile, and says so
        # twice. A request that failed has a line of its own besides `afterRequest`.
        dropped = re.search("htmx:(sendAbort|afterRequest)", message.text)
        if message.type in ("error", "warning") and not dropped:
            self._note(f"console: {message.text} ({message.location.get('url')})")

    def _error(self, error: WebError) -> None:
        self._note(f"exception: {error.error}")
