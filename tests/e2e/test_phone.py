"""The main job on a phone: 360 px wide, with the thumb."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def phone(visit: Visit, site: Site) -> Desk:
    return visit(site, viewport=PHONE, has_touch=True, is_mobile=True).enter_as_demo()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_code_is_bought_and_read_without_scrolling_sideways(phone: Desk) -> None:
    phone.choose("WhatsApp")
    assert fits(phone.page)

    card = phone.buy("Netherlands")

    expect(card).to_be_in_viewport()  # the board is below: it came up by itself
    expect(card.locator(".code")).to_be_visible()
    expect(card.locator(".code")).to_be_in_viewport()
    assert fits(phone.page)

    card.get_by_role("link", name="Details").tap()
    phone.page.get_by_text("Raw state, for support").tap()
    expect(phone.page.locator("#raw-state dl")).to_be_visible()
    assert fits(phone.page)


def test_every_page_of_the_team_is_two_taps_away(phone: Desk) -> None:
    page, bar = phone.page, phone.page.get_by_role("navigation", name="Main")

    bar.get_by_role("link", name="History").tap()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(bar).to_be_in_viewport()

    bar.locator("summary").tap()
    expect(bar.get_by_role("link", name="Provider accounts")).to_be_in_viewport()
    bar.get_by_role("link", name="Provider accounts").tap()
    expect(page.get_by_role("heading", name="Provider accounts")).to_be_visible()
    assert fits(page)
