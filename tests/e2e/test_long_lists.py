"""Lists of thousands: they go on while one scrolls, keep the focus, and Back finds the place again."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

PAGE = 50
ROWS = {"History": "tbody tr.leads", "Inbox": ".inbox-message"}


@pytest.fixture
def desk(visit: Visit, site_by_hand: Site) -> Desk:
    """Where no SMS comes by itself, which would put rows above those that are looked at."""
    granted = ["clipboard-read", "clipboard-write"]
    return visit(site_by_hand, permissions=granted).enter_as_demo()


@pytest.fixture(params=ROWS)
def rows(request: pytest.FixtureRequest, desk: Desk) -> Locator:
    """The rows of a list that is open, which has more."""
    desk.page.get_by_role("link", name=request.param, exact=True).first.click()
    desk.wait_until_live()
    found = desk.page.locator(ROWS[request.param])
    expect(found).to_have_count(PAGE)
    return found


def scroll_down(page: Page, rows: Locator) -> int:
    """With the wheel to the end of the list; returns how many rows have come by then."""
    older, count = page.locator("#older"), rows.count()
    page.mouse.move(600, 400)
    while older.count():
        page.mouse.wheel(0, 100_000)
        expect(rows.nth(count)).to_be_attached()
        expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
        count = rows.count()
    return count


def test_a_press_on_the_link_leads_to_the_first_new_row(desk: Desk, rows: Locator) -> None:
    older = desk.page.get_by_role("link", name="Show older ones")
    older.focus()
    desk.page.wait_for_timeout(300)
    expect(rows).to_have_count(PAGE)  # it waits for the press

    desk.page.keyboard.press("Enter")

    expect(rows.nth(PAGE).locator("a").first).to_be_focused()
    expect(rows.nth(PAGE).locator("a").first).to_be_in_viewport()


def test_scrolling_brings_older_ones_and_leaves_the_focus(desk: Desk, rows: Locator) -> None:
    rows.first.locator("a").first.focus()
    assert scroll_down(desk.page, rows) > PAGE
    expect(rows.first.locator("a").first).to_be_focused()
    ids = rows.evaluate_all("rows => rows.map((row) => row.id)")
    assert len(set(ids)) == len(ids)


def test_back_leads_to_the_row_that_was_left(desk: Desk, rows: Locator) -> None:
    page = desk.page
    place = (PAGE + scroll_down(page, rows)) // 2  # in the middle of what has come
    name = str(rows.nth(place).get_attribute("id"))
    rows.nth(place).scroll_into_view_if_needed()
    rows.nth(place).locator("a").first.click()
    expect(page.get_by_role("link", name="Desk", exact=True).first).to_be_visible()
    page.wait_for_url(re.compile("/(purchases|leases)/"))

    page.go_back()

    row = page.locator(f"[id='{name}']")
    expect(row).to_be_in_viewport()
    expect(row.locator("a").first).to_be_focused()
    assert rows.first.get_attribute("id") != name, "its page, not a list that begins with it"
    assert rows.count() <= 2 * PAGE, "no more is read than its page and the next"
    page.get_by_role("link", name="All, from the newest").click()
    expect(page).not_to_have_url(re.compile("before="))


def test_without_scripts_the_link_leads_to_the_next_page(visit: Visit, site_by_hand: Site) -> None:
    page = visit(site_by_hand, java_script_enabled=False).page
    page.goto(site_by_hand.url)
    page.get_by_role("button", name="Sign in as the demo user").click()
    page.get_by_role("link", name="History", exact=True).first.click()
    first = page.locator("tbody tr.leads").first.get_attribute("id")
    page.get_by_role("link", name="Show older ones").click()
    expect(page.locator("tbody tr.leads").first).not_to_have_id(str(first))
    page.get_by_role("link", name="All, from the newest").click()
    expect(page.locator("tbody tr.leads").first).to_have_id(str(first))


def test_a_row_of_history_copies_its_code_and_leads_to_its_purchase(desk: Desk) -> None:
    page = desk.page
    page.get_by_role("link", name="History", exact=True).first.click()
    with_code = page.locator("tr.leads", has=page.locator("[data-copy]"))
    row = with_code.filter(has_not_text="Lease").first  # a lease's SMS are on a page of their own
    code = row.locator(".code").inner_text()

    row.get_by_role("button", name="Copy").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == code
    row.locator(".code").dblclick()
    assert page.evaluate("String(getSelection()).trim()") == code
    expect(row).to_be_visible()  # still here

    page.evaluate("getSelection().removeAllRanges()")
    row.locator("td").nth(2).click(force=True)
    page.wait_for_url(re.compile("/purchases/"))
    expect(page.locator(".code").first).to_have_text(code)


def test_more_prices_lead_to_the_first_new_row(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{page.url}prices/?country=1&stock=all")
    rows, more = page.locator("tr.leads"), page.get_by_role("link", name="Show more")
    shown = rows.count()

    more.focus()
    page.keyboard.press("Enter")

    expect(rows.nth(shown).locator("a").first).to_be_focused()


def test_prices_lead_to_the_row_on_the_desk(desk: Desk) -> None:
    page = desk.page
    before = desk.cards.count()
    page.goto(f"{page.url}prices/?service=1&sort=name")
    row = page.locator("tr.leads").last
    country = row.locator("td").first.inner_text().strip()
    row.locator("td").first.click(force=True)
    expect(page.get_by_role("heading", level=1)).to_contain_text(country)

    page.get_by_role("link", name="on the desk").focus()
    page.keyboard.down("Enter")  # held: the key repeats on the next page
    page.wait_for_url(re.compile(r"#offer-\d+$"))
    for _repeat in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")

    expect(desk.offer(country)).to_be_focused()
    expect(desk.offer(country)).to_be_in_viewport()
    expect(desk.search).to_be_in_viewport()  # the list was scrolled, not the page
    assert desk.cards.count() == before
