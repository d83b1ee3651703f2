"""An alert from its making to the bell, as a member with a phone sees it."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk
from tests.e2e.provider import Provider
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
# A worker checks a price, another reads those of a country, a third looks at the alerts.
A_CHAIN = 60_000


@pytest.fixture
def phone(visit: Visit, site_by_hand: Site) -> Desk:
    return visit(site_by_hand, **PHONE).enter_as_demo()


def wish(phone: Desk, country: str) -> None:
    """Ask to be told when Adidas costs a cent there."""
    page = phone.page
    page.locator(".nav-more > summary").click()
    page.get_by_role("link", name="Prices").click()
    page.get_by_role("searchbox").press_sequentially("adid")
    page.get_by_role("link", name=re.compile("^Adidas")).click()
    page.get_by_role("row", name=country).get_by_role("link", name="its history and alerts").click()
    expect(page.get_by_role("img", name=f"What Adidas in {country} has cost")).to_be_visible()
    page.get_by_label("when it costs at most").fill("0.01")
    page.get_by_role("button", name="Tell me", exact=True).click()
    expect(page.get_by_text("You will be told here, once")).to_be_visible()
    phone.wait_until_live()


def come_true(desk: Desk, provider: Provider, country: str) -> None:
    """It does; and somebody's purchase finds another price, so that the country's prices are read again."""
    provider.set_offer("Adidas", country, cost="0.01")
    desk.choose("Amazon")
    provider.set_offer("Amazon", country, cost="1.97")
    desk.press(country)


def unread(page: Page) -> int:
    """How many the bell counts."""
    expect(page.locator("#bell")).not_to_have_attribute("hx-trigger", re.compile("load"))
    count = page.locator("#bell .bell-count")
    return int(count.inner_text()) if count.count() else 0


def test_a_price_that_comes_down_rings_the_bell_of_an_open_page(
    phone: Desk, desk: Desk, provider: Provider
) -> None:
    page = phone.page
    wish(phone, "Germany")
    page.evaluate("window.notReloaded = true")
    before = unread(page)

    come_true(desk, provider, "Germany")

    bell = page.locator("#bell")
    expect(bell.locator(".bell-count")).to_have_text(str(before + 1), timeout=A_CHAIN)
    expect(bell).to_have_accessible_name(re.compile(r"\d+ unread notification"))
    assert page.evaluate("window.notReloaded")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    bell.click()
    told = page.get_by_role("button", name="Adidas costs $0.01 in Germany")
    told.click()
    expect(page).to_have_url(re.compile(r"/t/\w+/\?service=\d+$"))
    page.go_back()
    expect(page.locator(".news li", has_text="Adidas costs").first).not_to_have_class("is-unread")


def test_what_comes_between_the_page_and_its_stream_is_not_missed(
    phone: Desk, desk: Desk, provider: Provider
) -> None:
    page = phone.page
    wish(phone, "Italy")
    before = unread(page)
    held: list[Route] = []
    page.route("**/live-ticket/", lambda route: held.append(route))
    page.locator("#bell").click()
    told = page.get_by_role("button", name="Adidas costs $0.01 in Italy")
    expect(page.get_by_role("heading", name="Notifications")).to_be_visible()

    desk.wait_until_live()
    come_true(desk, provider, "Italy")
    count = desk.page.locator("#bell .bell-count")
    expect(count).to_have_text(str(before + 1), timeout=A_CHAIN)
    expect(told).to_have_count(0)
    for route in held:
        route.continue_()

    expect(told).to_be_visible()
    told.focus()
    page.evaluate("document.body.dispatchEvent(new Event('live:sync'))")
    expect(told).to_be_focused()
