"""Pages other than the desk change while they are read, and keep what their reader did to them."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk, digits
from tests.e2e.provider import Provider
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e


def test_the_bell_rings_on_a_page_that_is_open_elsewhere(visit: Visit, site: Site) -> None:
    desk = visit(site).enter_as_demo()
    bell = desk.page.locator("#bell")
    before = unread(bell)
    desk.page.evaluate("window.notReloaded = true")

    other = desk.page.context.new_page()
    other.goto(desk.page.url)
    other.get_by_role("link", name="History").first.click()
    other.get_by_role("button", name="Excel").click()
    expect(other.locator("#bell")).to_have_accessible_name(counts(before + 1))

    expect(bell).to_have_accessible_name(counts(before + 1))
    assert desk.page.evaluate("window.notReloaded")

    bell.click()
    desk.page.get_by_role("button", name="Your file is ready").first.click()
    expect(desk.page.get_by_role("link", name="Download").first).to_be_visible()
    expect(other.locator("#bell")).to_have_accessible_name(counts(before))


def test_what_was_unfolded_stays_so_when_an_sms_comes(desk: Desk, provider: Provider) -> None:
    desk.choose("Telegram")
    card = desk.buy("Spain")
    number = digits(card)
    card.get_by_role("link", name="Details").click()
    page = desk.page
    page.get_by_text("Raw state, for support").click()
    expect(page.locator("#raw-state dl")).to_be_visible()
    desk.wait_until_live()

    provider.deliver(number, "Telegram code: 51926")

    expect(page.locator(".code").first).to_have_text("51926")
    expect(page.locator("#raw-state dl")).to_be_visible()
    page.get_by_text("Raw state, for support").click()
    expect(page.locator("#raw-state dl")).to_be_hidden()


@pytest.mark.parametrize("order", ["click, swap", "swap, click"])
def test_a_swap_in_the_moment_of_a_click_does_not_undo_it(desk: Desk, order: str) -> None:
    """Before the browser tells of the toggle; and between htmx's swap and its settling."""
    desk.choose("Telegram")
    desk.buy("Spain").get_by_role("link", name="Details").click()
    desk.wait_until_live()
    facts = desk.page.locator("#raw-state dl")
    for is_shown in (True, False):
        desk.page.evaluate(CLICK_AND_SWAP, order.split(", "))
        expect(desk.page.locator("body[data-settled]")).to_be_attached()
        expect(facts).to_be_visible(visible=is_shown)


CLICK_AND_SWAP = """(order) => {
  const { body } = document;
  delete body.dataset.settled;
  const settled = () => setTimeout(() => { body.dataset.settled = ""; }, 50);
  document.addEventListener("htmx:afterSettle", settled, { once: true });
  const click = () => document.querySelector("#raw-state summary").click();
  const section = document.getElementById("purchase");
  const served = section.cloneNode(true);
  served.querySelector("#raw-state").open = false;
  const swap = () => htmx.swap(section, served.outerHTML, { swapStyle: "outerHTML", settleDelay: 20 });
  for (const step of order) ({ click, swap })[step]();
}"""


def unread(bell: Locator) -> int:
    found = re.match(r"\d+", bell.inner_text().strip())
    return int(found[0]) if found else 0


def counts(number: int) -> re.Pattern[str]:
    return re.compile(rf"^{number} unread notification" if number else "^Notifications$")
