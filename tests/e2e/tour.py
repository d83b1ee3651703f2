"""Somebody who visits every page of the list in one browser, signed out and signed in."""

from playwright.sync_api import BrowserContext, expect
from playwright.sync_api import Page as Tab

from tests.e2e.pages import Page
from tests.plugins.site import Site


class Tour:
    """Two profiles of one browser: a stranger and the demo user. Opens a page by its line in the list."""

    def __init__(self, site: Site, stranger: BrowserContext, member: BrowserContext) -> None:
        self.site = site
        self._stranger = stranger.new_page()
        self._member = member.new_page()
        self._member.goto(site.url)
        self._member.get_by_role("button", name="Sign in as the demo user").click()
        self._member.wait_for_url("**/t/*/")
        self.team = self._member.url.rstrip("/").rpartition("/")[2]
        self._links: dict[str, list[str]] = {}

    def tab_for(self, page: Page) -> Tab:
        """The tab that a page is opened in."""
        return self._member if page.signed_in else self._stranger

    def open(self, page: Page) -> Tab:
        """Go there, and keep its links for the pages that are found on it."""
        tab = self.tab_for(page)
        tab.goto(self.site.url + self._address(page))
        expect(tab.locator(".htmx-request")).to_have_count(0)
        hrefs = "links => links.map((link) => link.getAttribute('href'))"
        self._links[page.name] = tab.eval_on_selector_all("a[href]", hrefs)
        return tab

    def _address(self, page: Page) -> str:
        if not page.found_on:
            return page.address(self.team)
        found = page.is_led_to_by(self._links.get(page.found_on, []), self.team)
        assert found, f"no link on {page.found_on} leads to {page.name}"
        return found
