"""The main job, as a visitor does it: from the front page to the code."""

import pytest
from playwright.sync_api import expect

from core.money import format_usd
from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk, digits
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

# Writes down every change of the page that matters; a reload would lose it.
DIARY = """() => {
  const read = (label) => [...document.querySelectorAll("#money dt")]
    .find((term) => term.textContent.startsWith(label)).nextElementSibling.textContent.trim();
  const note = () => {
    const entry = `${read("Reserved")} ${read("Spent")}`;
    if (window.diary.at(-1) !== entry) window.diary.push(entry);
  };
  window.diary = [];
  note();
  new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
}"""


@pytest.mark.postgres_journey
def test_a_number_is_bought_and_its_code_stands_on_the_page_without_a_reload(
    visit: Visit, site: Site
) -> None:
    desk = visit(site).enter_as_demo()
    reserved, spent = desk.money("Reserved"), desk.money("Spent")
    desk.page.evaluate(DIARY)
    desk.choose("Telegram")
    price = desk.price_of("Netherlands")

    card = desk.buy("Netherlands")

    assert digits(card.locator(".line-number")).startswith("316")
    code = card.locator(".code")
    expect(code).to_be_visible()
    assert code.inner_text().strip() in card.locator(".line-text").inner_text()
    assert height_of(desk, ".code") >= 1.5 * height_of(desk, ".line-text")
    expect(desk.figure("Spent")).to_have_text(format_usd(spent + price))
    assert desk.page.evaluate("window.diary") == [
        f"{format_usd(reserved)} {format_usd(spent)}",
        f"{format_usd(reserved + price)} {format_usd(spent)}",
        f"{format_usd(reserved)} {format_usd(spent + price)}",
    ]


def test_the_same_without_javascript(visit: Visit, site: Site) -> None:
    desk = visit(site, java_script_enabled=False)
    desk.page.goto(site.url)
    desk.page.get_by_role("button", name="Sign in as the demo user").click()
    spent = desk.money("Spent")
    desk.page.get_by_role("searchbox").fill("whats")
    desk.page.get_by_role("button", name="Search").click()
    desk.page.get_by_role("link", name="WhatsApp").first.click()
    price = desk.price_of("Germany")

    card = desk.buy("Germany")

    expect(card.locator(".code")).to_be_visible()
    assert desk.money("Spent") == spent + price


def test_what_one_member_buys_the_other_sees_with_its_code(visit: Visit, site: Site) -> None:
    demo = visit(site).enter_as_demo()
    ada = visit(site)
    ada.choose_password("ada@busstop.example")
    ada.page.goto(demo.page.url)
    ada.wait_until_live()
    before = ada.top_card_id()
    demo.choose("Discord")

    bought = demo.buy("Canada")

    seen = ada.card_after(before)
    expect(seen).to_have_id(str(bought.get_attribute("id")))
    expect(seen).to_contain_text("Demo")
    expect(seen.locator(".code")).to_be_visible()
    expect(bought.locator(".code")).to_have_text(seen.locator(".code").inner_text())

    bought.get_by_role("link", name="Note, tags, hand over").click()
    sheet = demo.page.get_by_role("dialog", name="Note, tags, hand over")
    sheet.get_by_label("Note").fill("for the shop")
    sheet.get_by_label("Whose it is").select_option("Ada")
    sheet.get_by_role("button", name="Save").click()
    for board in (bought, seen):
        expect(board).to_contain_text("handed to Ada")
        expect(board).to_contain_text("for the shop")
    expect(sheet).to_be_hidden()
    expect(bought.get_by_role("link", name="Note, tags, hand over")).to_be_focused()


def height_of(desk: Desk, selector: str) -> float:
    """The size of the letters, in pixels."""
    element = desk.page.locator(f"#board {selector}").first
    return float(element.evaluate("e => parseFloat(getComputedStyle(e).fontSize)"))
