"""An alert from its making to the bell, as a member with a phone sees it."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk
from tests.e2e.provider import Provider
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}


def test_a_price_that_comes_down_rings_the_bell_of_an_open_page(
    visit: Visit, site_by_hand: Site, desk: Desk, provider: Provider
) -> None:
    phone = visit(site_by_hand, **PHONE).enter_as_demo()
    page = phone.page
    page.locator(".nav-more > summary").click()
    page.get_by_role("link", name="Prices").click()
    page.get_by_role("searchbox").press_sequentially("adid")
    page.get_by_role("link", name=re.compile("^Adidas")).click()
    page.get_by_role("row", name="Germany").get_by_role(
        "link", name="its history and alerts"
    ).click()
    expect(page.get_by_role("img", name="What Adidas in Germany has cost")).to_be_visible()
    page.get_by_label("when it costs at most").fill("0.01")
    page.get_by_role("button", name="Tell me", exact=True).click()
    expect(page.get_by_text("You will be told here, once")).to_be_visible()
    phone.wait_until_live()
    page.evaluate("window.notReloaded = true")

    # Somebody's purchase finds another price, so that the country's prices are read again.
    provider.set_offer("Adidas", "Germany", cost="0.01")
    desk.choose("Amazon")
    provider.set_offer("Amazon", "Germany", cost="0.97")
    desk.press("Germany")

    bell = page.locator("#bell")
    expect(bell).to_have_accessible_name(re.compile(r"\d+ unread notification"))
    assert page.evaluate("window.notReloaded")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    bell.click()
    told = page.get_by_role("button", name="Adidas costs $0.01 in Germany")
    told.click()
    expect(page).to_have_url(re.compile(r"/t/\w+/\?service=\d+$"))
    page.go_back()
    expect(page.locator(".news li", has_text="Adidas costs").first).not_to_have_class("is-unread")
