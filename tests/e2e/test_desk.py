"""The desk with the keyboard alone, on a phone, and what it does by itself when a code arrives."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk, digits
from tests.e2e.provider import Provider
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

ALLOWED = ["notifications", "clipboard-read", "clipboard-write"]
# Notifications and sounds are written down: nobody looks at this screen or listens to it.
WITNESS = """() => {
  window.notices = [];
  window.sounds = 0;
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, { body }) { window.notices.push(`${title} | ${body}`); }
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) { window.sounds += 1; start.apply(this, when); };
}"""


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_first_number_with_the_keyboard_alone(desk: Desk, provider: Provider) -> None:
    page, press = desk.page, desk.page.keyboard.press
    page.context.grant_permissions(ALLOWED)
    before = desk.top_card_id()

    press("n")
    expect(desk.search).to_be_focused()
    page.keyboard.type("twitt")
    expect(page.get_by_role("option")).to_have_count(1)
    press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Twitter")
    expect(desk.search).to_have_attribute(
        "aria-activedescendant", str(page.get_by_role("option").get_attribute("id"))
    )
    press("Enter")
    expect(page.locator("#chosen-title")).to_be_focused()  # no key that is held down buys
    press("ArrowDown")
    button = page.locator(".offer .buy button").first
    expect(button).to_be_focused()
    press("Enter")

    card = desk.card_after(before)
    expect(card.locator(".line-number .digits")).to_be_visible()
    expect(page.locator(".offer .buy button").first).to_be_focused()
    provider.deliver(digits(card.locator(".line-number")), "Your code is 718204")
    expect(card.locator(".code")).to_have_text("718204")
    press("c")
    expect(card.locator("[id^=copy-code-]")).to_have_class(re.compile("copied"))
    assert clipboard(page) == "718204"


def test_the_search_clears_and_waits_and_keys_that_are_typed_are_text(desk: Desk) -> None:
    press = desk.page.keyboard.press
    desk.search.focus()
    desk.page.keyboard.type("nc?/")  # each of them a shortcut elsewhere
    expect(desk.search).to_have_value("nc?/")
    expect(desk.search).to_have_attribute("aria-expanded", "false")
    press("Escape")
    expect(desk.search).to_have_value("")
    expect(desk.search).to_have_attribute("aria-expanded", "true")

    desk.page.keyboard.type("netf")
    press("Enter")  # before the answer can have come
    expect(desk.page.get_by_role("heading", name="Netflix", exact=True)).to_be_focused()

    press("?")
    sheet = desk.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    sheet.get_by_label("Single keys work").uncheck()
    press("Escape")
    expect(sheet).to_be_hidden()
    press("n")
    expect(desk.search).not_to_be_focused()


def test_the_focus_stays_near_what_was_done(desk: Desk) -> None:
    page, press = desk.page, desk.page.keyboard.press
    desk.choose("Microsoft")
    card = desk.buy("Spain")

    card.get_by_role("button", name="Cancel").focus()
    press("Enter")
    expect(card).to_contain_text("was given back")
    expect(card.locator(":focus")).to_have_count(1)
    card.get_by_role("button", name="Put away").focus()
    press("Enter")
    expect(card).to_have_count(0)
    expect(page.locator("#board")).to_be_focused()

    star = desk.offer("Spain").get_by_role("button", name="Favourite: Spain")
    star.focus()
    press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    press("Enter")
    expect(star).to_have_attribute("aria-pressed", "false")


def test_a_code_is_copied_rung_and_shown_but_none_that_was_there_before(
    desk: Desk, provider: Provider
) -> None:
    page = desk.page
    page.context.grant_permissions(ALLOWED)
    page.add_init_script(f"({WITNESS})()")
    page.reload()
    desk.wait_until_live()
    page.get_by_text("When a code arrives").locator("..").click()
    for switch in ("Copy it", "Play a sound", "Show a notification"):
        with page.expect_response(re.compile("/me/alerts/$")):
            page.get_by_label(switch).check()
    page.keyboard.press("Escape")
    desk.choose("Google")
    card = desk.buy("Canada")
    rung = int(page.evaluate("window.sounds"))

    provider.deliver(digits(card.locator(".line-number")), "G-553017 is your code")

    expect(card.locator(".code")).to_be_visible()
    code = card.locator(".code").inner_text()
    page.wait_for_function("window.notices.length > 0")
    assert page.evaluate("window.notices") == [f"Google | Google: the code is {code}"]
    assert int(page.evaluate("window.sounds")) == rung + 2  # one gong of two notes
    assert clipboard(page) == code

    page.reload()
    desk.wait_until_live()
    expect(page.locator(".code").first).to_be_visible()
    assert page.evaluate("window.notices") == []
    assert page.evaluate("window.sounds") == 0
    page.get_by_text("When a code arrives").locator("..").click()
    for switch in ("Copy it", "Play a sound", "Show a notification"):
        expect(page.get_by_label(switch)).to_be_checked()
        with page.expect_response(re.compile("/me/alerts/$")):
            page.get_by_label(switch).uncheck()


def test_the_title_of_a_tab_in_the_background_counts_new_codes(
    desk: Desk, provider: Provider
) -> None:
    page = desk.page
    title = page.title()
    look_away = """(away) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    desk.choose("Amazon")
    cards = [desk.buy("Japan"), desk.buy("Japan")]

    page.evaluate(look_away, True)
    for unread, card in enumerate(cards, start=1):
        provider.deliver(digits(card.locator(".line-number")), f"Your code is 55301{unread}")
        expect(page).to_have_title(f"({unread}) {title}")
    page.evaluate(look_away, False)
    expect(page).to_have_title(title)

    card = desk.buy("Japan")
    provider.deliver(digits(card.locator(".line-number")), "Your code is 553019")
    expect(card.locator(".code")).to_be_visible()
    expect(page).to_have_title(title)  # who looks at it has read it


def test_on_a_phone_nothing_is_cut_off(visit: Visit, site: Site) -> None:
    size = {"width": 360, "height": 740}
    desk = visit(site, viewport=size, has_touch=True).enter_as_demo()
    desk.choose("Telegram")

    card = desk.buy("Germany")

    expect(card.locator(".code")).to_be_visible()
    for page_of_it in ("board", "purchase"):
        assert desk.page.evaluate("document.documentElement.scrollWidth") == 360
        if page_of_it == "board":
            card.get_by_role("link", name="Details").click()
            expect(desk.page.get_by_role("heading", name="What happened")).to_be_visible()
    desk.page.locator(".user-menu summary").click()
    desk.page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(desk.page.get_by_role("dialog")).to_be_in_viewport(ratio=1)


def test_a_service_is_taken_also_where_the_list_is_drawn_anew_under_the_pointer(desk: Desk) -> None:
    page = desk.page
    held: list[Route] = []
    page.route("**/services/**", lambda route: held.append(route))
    with page.expect_request("**/services/**"):
        desk.search.press_sequentially("tele")

    option = page.get_by_role("option", name="Telegram").first
    option.hover()
    page.mouse.down()
    held[-1].continue_()
    expect(page.locator("#services")).to_have_attribute("data-query", "tele")
    option.hover()  # it has moved
    page.mouse.up()

    expect(page.get_by_role("heading", name="Telegram", exact=True)).to_be_visible()


def test_a_press_right_after_a_card_was_drawn_anew_leaves_the_page_as_it_is(desk: Desk) -> None:
    page = desk.page
    desk.choose("Microsoft")
    card = desk.buy("Spain")
    desk.wait_until_live()
    page.evaluate("window.notReloaded = true")

    page.evaluate(
        """(code) => {
          const press = () => setTimeout(() => document.getElementById(`cancel-${code}`).click());
          document.addEventListener("htmx:afterSwap", press, { once: true });
          document.body.dispatchEvent(new Event(`live:purchase:${code}`));
        }""",
        card.get_attribute("data-purchase"),
    )

    expect(card).to_contain_text("was given back")
    expect(page.get_by_role("heading", name="Microsoft", exact=True)).to_be_visible()
    assert page.evaluate("window.notReloaded")
