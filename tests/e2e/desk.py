"""A person at the desk: what they press and what they read."""

import re
from decimal import Decimal

from playwright.sync_api import Locator, Page, expect

from tests.e2e.watching import Watcher
from tests.plugins.site import Site

PASSWORD = "correct horse battery staple"
RESET_LINK = r"http://\S+/accounts/password/reset/key/[\w-]+/"


class Desk:
    """One page in one browser. Waiting is Playwright's: each step waits until it can be done."""

    def __init__(self, page: Page, site: Site, watcher: Watcher) -> None:
        self.page = page
        self.site = site
        self.watcher = watcher

    def enter_as_demo(self) -> "Desk":
        """Front page → one click → the desk, which listens."""
        self.page.goto(self.site.url)
        self.page.get_by_role("button", name="Sign in as the demo user").click()
        return self.wait_until_live()

    def choose_password(self, email: str) -> None:
        """Forget the password, follow the link in the mail, choose another and sign in with it."""
        self.page.goto(f"{self.site.url}/accounts/password/reset/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_role("main").get_by_role("button").click()
        self.site.wait_for_log("web", f"To: {email}")
        self.site.wait_for_log("web", RESET_LINK)
        mails = (self.site.data / "log" / "web.log").read_text()
        self.page.goto(re.findall(RESET_LINK, mails)[-1])
        self._fill_passwords()
        self.page.get_by_role("button", name="Change Password").click()
        self.page.goto(f"{self.site.url}/accounts/login/")
        self.page.get_by_label("Email").fill(email)
        self._fill_passwords()
        self.page.get_by_role("main").get_by_role("button", name="Sign In", exact=True).click()

    def sign_up(self, email: str) -> None:
        self.page.goto(f"{self.site.url}/accounts/signup/")
        self.page.get_by_label("Email").fill(email)
        self._fill_passwords()
        self.page.get_by_role("main").get_by_role("button", name="Sign up").click()

    def _fill_passwords(self) -> None:
        for field in self.page.locator("input[type=password]").all():
            field.fill(PASSWORD)

    def wait_until_live(self) -> "Desk":
        """Until signals reach the page."""
        expect(self.page.locator("body")).to_have_attribute("data-live", "on")
        return self

    def choose(self, service: str) -> None:
        """Type the beginning of a service's name, then take it."""
        self.search.press_sequentially(service[:6].lower())
        self.page.get_by_role("option", name=service).first.click()
        expect(self.page.get_by_role("heading", name=service, exact=True)).to_be_visible()

    @property
    def search(self) -> Locator:
        return self.page.get_by_role("combobox", name="Search a service")

    def offer(self, country: str) -> Locator:
        exactly = re.compile(rf"^\s*{re.escape(country)}\s*$")
        return self.page.locator(".offer", has=self.page.locator(".country", has_text=exactly))

    def price_of(self, country: str) -> Decimal:
        return dollars(self.offer(country).get_by_role("button", name="Buy for").inner_text())

    def press(self, country: str) -> None:
        """Press the button with the price."""
        self.offer(country).get_by_role("button", name="Buy for").click()

    def buy(self, country: str) -> Locator:
        """Press the price; returns the new card once it has its number."""
        before = self.top_card_id()
        self.press(country)
        card = self.card_after(before)
        expect(card.locator(".line-number .digits")).to_be_visible()
        return card

    @property
    def cards(self) -> Locator:
        return self.page.locator("#board .departure")

    def top_card_id(self) -> str:
        return str(self.cards.first.get_attribute("id")) if self.cards.count() else ""

    def card_after(self, before: str) -> Locator:
        """The card that has come on top of `before`; it stays the same one from now on."""
        expect(self.cards.first).to_be_visible()
        expect(self.cards.first).not_to_have_id(before)
        return self.page.locator(f"#{self.top_card_id()}")

    def money(self, label: str) -> Decimal:
        """A figure of the header: Balance, Reserved or Spent."""
        return dollars(self.figure(label).inner_text())

    def figure(self, label: str) -> Locator:
        term = self.page.locator("dt", has_text=label)
        return self.page.locator("#money div", has=term).locator("dd")


def dollars(text: str) -> Decimal:
    return Decimal(text.partition("$")[2].split(":")[0].split()[0].replace(",", ""))


def digits(place: Locator) -> str:
    """The number that is shown somewhere, as the provider writes it."""
    return "".join(filter(str.isdigit, place.locator(".digits").inner_text()))
