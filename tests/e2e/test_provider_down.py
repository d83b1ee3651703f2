"""The provider goes down and comes back, and whoever is at the desk is told and can go on.

On a site of its own, whose clock reads the lists every few seconds: on the others nobody would notice for a
quarter of an hour, and other tests change prices that must not be read again too soon.
"""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from tests.e2e.conftest import Visit, with_workers
from tests.e2e.desk import digits
from tests.e2e.provider import Provider
from tests.e2e.test_every_page import PHONE, WCAG, too_small, violations
from tests.plugins.site import Site, running_site

pytestmark = pytest.mark.e2e

# Until the lists are read the next time, on two cores that may be busy.
A_ROUND = 60_000


@pytest.fixture(scope="module")
def site_that_asks() -> Iterator[Site]:
    with running_site(DEMO_SMS_SECONDS="600", CATALOG_REFRESH_SECONDS="10") as running:
        yield with_workers(running)


def test_who_meets_a_dead_provider_is_told_what_goes_on_and_when_it_is_back(
    visit: Visit, site_that_asks: Site
) -> None:
    desk, provider = visit(site_that_asks).enter_as_demo(), Provider(site_that_asks)
    page = desk.page
    # Somebody else's, left open; they read the notice.
    other = visit(site_that_asks).enter_as_demo().wait_until_live()
    other.page.evaluate("window.notReloaded = true")
    other_notice = other.page.locator("#provider-notice")
    reading = other_notice.get_by_role("link", name="What still works")
    desk.choose("Telegram")
    number = digits(desk.buy("Spain"))
    address = page.url.partition("?")[0] + "provider/"

    page.goto(address)
    desk.wait_until_live()
    live = page.locator("#provider")
    expect(live).to_contain_text("The provider answers.")
    expect(live.get_by_role("link", name="1 number waits for its SMS")).to_be_visible()
    provider.control("fault", call="*", kind="drop", applied=False, times=None)
    page.goto(address)
    expect(live).to_contain_text("The provider does not answer.", timeout=A_ROUND)

    expect(other_notice).to_contain_text("Tried last:")
    reading.focus()
    said = other_notice.inner_html()

    # The desk says so, and its link leads to what still works.
    page.get_by_role("link", name="Desk").first.click()
    notice = page.locator(".provider-down")
    expect(notice).to_contain_text("Tried last:")
    notice.get_by_role("link", name="What still works").click()
    expect(page.get_by_role("heading", name="Provider", exact=True)).to_be_visible()
    expect(live).to_contain_text("nothing can be bought until the provider answers")
    expect(page.get_by_role("button", name="Try now")).to_be_visible()
    page.evaluate(AXE_SCRIPT)
    for scheme in ("light", "dark"):
        # Without motion: axe must not meet a colour that is on its way to another.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert violations(page, {"runOnly": WCAG}) == []
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert too_small(page) == []

    # Another round: the open notice says when, and who reads it stays where they are.
    expect(other_notice).not_to_have_js_property("innerHTML", said, timeout=A_ROUND)
    expect(reading).to_be_focused()

    # It is back: the page says so by itself, and what waited goes on.
    desk.wait_until_live()
    page.evaluate("window.notReloaded = true")
    provider.control("clear_faults")
    provider.deliver(number, "Telegram code: 40817")
    expect(page.locator(".provider-down")).to_have_count(0, timeout=A_ROUND)
    expect(live).to_contain_text("The last list came from it at")
    expect(live).to_contain_text("No number waits for its SMS.", timeout=A_ROUND)
    assert page.evaluate("window.notReloaded")
    expect(other_notice).to_be_empty()
    assert other.page.evaluate("window.notReloaded")
    live.get_by_role("link", name="Inbox").click()
    expect(page.get_by_text("40817").first).to_be_visible()


def test_whoever_walks_through_it_keeps_the_focus(visit: Visit, site_that_asks: Site) -> None:
    desk, other = (visit(site_that_asks).enter_as_demo() for _ in range(2))
    page, provider = desk.page, Provider(site_that_asks)
    page.goto(page.url.partition("?")[0] + "provider/")
    desk.wait_until_live()
    live = page.locator("#provider")
    link = live.get_by_role("link", name="History", exact=True)
    link.focus()

    # Asked again where nothing is new, nothing is drawn anew. A list that was read meanwhile is new.
    statuses: list[int] = []
    while 204 not in statuses:
        assert len(statuses) < 30, statuses
        link.evaluate("element => { element.dataset.seen = '' }")
        with page.expect_response(re.compile(r"/provider/\?seen=")) as answer:
            page.evaluate("document.body.dispatchEvent(new CustomEvent('live:money'))")
        statuses.append(answer.value.status)
    assert link.get_attribute("data-seen") == ""
    expect(link).to_be_focused()

    other.choose("Telegram")
    number = digits(other.buy("Spain"))

    waiting = live.get_by_role("link", name="waits for its SMS")
    expect(waiting).to_be_visible()
    expect(link).not_to_have_attribute("data-seen", "")
    expect(link).to_be_focused()

    # The next one finds the site as this one did.
    provider.deliver(number, "Telegram code: 40817")
    expect(live).to_contain_text("No number waits for its SMS.")
    expect(link).to_be_focused()
