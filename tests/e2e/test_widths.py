"""What stands side by side at the usual widths, in both languages: nothing overlaps, wraps apart or is cut off."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk, digits
from tests.e2e.provider import Provider
from tests.e2e.test_leases import lease_in
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

Box = tuple[float, float, float, float]
Readings = Callable[[], Iterator[tuple[str, Page]]]  # the language, and the page that is read in it

LAPTOPS = (992, 1024, 1100, 1280, 1366)
PHONE = {"width": 360, "height": 740}
LONG_NAME = "Quality assurance, northern and western Europe"

# Whatever of the head cannot be pressed where it is drawn: below another, over the edge, larger than its place.
IN_THE_WAY = """() => {
  const parts = [...document.querySelectorAll(".site-bar :is(.brand, .site-nav > a, summary, .bell)")]
    .filter((part) => part.checkVisibility())
    .map((part) => ({ part, name: part.textContent.trim(), box: part.getBoundingClientRect() }));
  const found = [];
  for (const { part, name, box } of parts) {
    const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    if (!part.contains(top)) found.push(`${name} lies under another`);
    if (box.left < 0 || box.right > innerWidth) found.push(`${name} is over the edge`);
    if (part.scrollWidth > part.clientWidth + 1) found.push(`${name} is cut off`);
    for (const other of parts.slice(parts.findIndex((each) => each.part === part) + 1)) {
      const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (wide > 0.5 && high > 0.5) found.push(`${name} overlaps ${other.name}`);
    }
  }
  return found;
}"""

# At one go, once all is there: rows of leases are drawn anew every few seconds.
BOXES_OF_A_LEASE = """() => {
  const row = ".departure.is-lease ";
  const boxes = ["#board", row + ".minutes time", row + ".line-number .digits", row + "[id^=copy-number-]"]
    .map((part) => document.querySelector(part).getBoundingClientRect())
    .map(({ left, top, right, bottom }) => [left, top, right, bottom]);
  return boxes.every(([left, , right]) => left < right) && boxes;
}"""

# The words of the bar at the bottom as they are drawn, from left to right.
WORDS_OF_THE_BAR = """() => [...document.querySelectorAll(".site-nav > a > span, .nav-more > summary > span")]
  .filter((word) => word.checkVisibility())
  .map((word) => {
    const range = document.createRange();
    range.selectNodeContents(word);
    const place = word.closest("a, summary").getBoundingClientRect();
    const { left, right } = range.getBoundingClientRect();
    return { word: word.textContent, left, right, from: place.left, to: place.right };
  })"""


@pytest.fixture
def readings(visit: Visit, site_by_hand: Site, desk: Desk) -> Readings:
    """The page that the desk's reader is at, as it is in each language: the same session in two browsers."""
    german = visit(site_by_hand, locale="de-DE").page

    def read() -> Iterator[tuple[str, Page]]:
        yield "en", desk.page
        german.context.add_cookies(desk.page.context.cookies())  # type: ignore[arg-type]
        german.goto(desk.page.url)
        expect(german.locator("html")).to_have_attribute("lang", "de")
        expect(german.locator("body")).to_have_attribute("data-live", "on")
        yield "de", german

    return read


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


def box(place: Locator) -> Box:
    """Left, top, right and bottom. What is drawn anew in that moment has none: then once more."""
    for _ in range(20):
        expect(place).to_be_visible()
        if found := place.bounding_box():
            return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]
    raise AssertionError(f"{place} does not stand still")


def height(place: Locator) -> float:
    _, top, _, bottom = box(place)
    return bottom - top


def are_on_one_line(first: Box, second: Box) -> bool:
    middle = (second[1] + second[3]) / 2
    return first[2] <= second[0] and first[1] < middle < first[3]


def code_of(desk: Desk, provider: Provider, service: str, country: str) -> Locator:
    """A card with a code of eight digits."""
    desk.choose(service)
    card = desk.buy(country)
    text = f"Use 48293715 as your {service} security code, and do not share it with anybody"
    provider.deliver(digits(card.locator(".line-number")), text)
    expect(card.locator(".code")).to_have_text("48293715")
    return card


def test_all_of_the_head_can_be_pressed(readings: Readings) -> None:
    for language, page in readings():
        team = page.locator(".team-switcher bdi").first
        for name in (team.inner_text(), LONG_NAME):
            team.evaluate(
                "(place, name) => place.replaceChildren(name)", name
            )  # as if it were called so
            for width in (*LAPTOPS, 1440, 2560):
                resize(page, width)
                assert page.evaluate(IN_THE_WAY) == [], (language, width, name)
                assert box(page.locator(".site-bar"))[3] <= 64


def test_the_bar_of_a_phone_keeps_its_words_apart(readings: Readings) -> None:
    for _, page in readings():
        for width in (320, 360, 412, 600, 768, 991):
            resize(page, width)
            words = page.evaluate(WORDS_OF_THE_BAR)
            assert len(words) == (5 if width < 576 else 7)
            for word in words:
                assert word["from"] <= word["left"] < word["right"] <= word["to"], (width, word)
            for word, following in pairwise(words):
                assert word["right"] + 2 <= following["left"], (width, word, following)


def test_what_the_bar_of_a_phone_has_no_room_for_is_in_its_menu(desk: Desk) -> None:
    page, bar = desk.page, desk.page.get_by_role("navigation", name="Main")
    menu = bar.locator("summary")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    expect(menu).to_have_text("More", use_inner_text=True)
    for name in ("Prices", "Spend"):
        expect(bar.get_by_role("link", name=name)).to_have_count(0)
        menu.click()
        bar.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        menu.click()
        expect(bar.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        menu.click()
    resize(page, 1280)
    expect(menu).to_have_text("Team", use_inner_text=True)
    expect(bar.get_by_role("link", name="Prices")).to_have_count(1)


def test_a_code_and_a_number_stand_beside_what_copies_them(
    desk: Desk, provider: Provider, readings: Readings
) -> None:
    name = f"#{code_of(desk, provider, 'WhatsApp', 'United Kingdom').get_attribute('id')}"

    for language, page in readings():
        card = page.locator(name)
        copies_number = card.locator("[id^=copy-number-]")
        copies_code = card.locator("[id^=copy-code-]")
        for width in (360, 768, 992, 1024, 1280, 1366, 1920):
            resize(page, width)
            number, code = card.locator(".line-number .digits"), card.locator(".code")
            assert are_on_one_line(box(number), box(copies_number)), (language, width)
            assert are_on_one_line(box(code), box(copies_code)), (language, width)
            assert box(copies_number)[2] <= box(card)[2]
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_copies_a_number_says_so_without_moving_anything(desk: Desk) -> None:
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.choose("Telegram")
    card = desk.buy("Netherlands")
    expect(card.get_by_role("button", name="Copy the number")).to_be_visible()
    button = card.locator("[id^=copy-number-]")
    before = box(button)

    button.click()

    expect(button.get_by_text("Copied")).to_be_in_viewport(ratio=1)
    assert box(button) == before
    expect(card.get_by_role("button", name="Copy the number")).to_be_visible()


def test_a_card_on_a_phone_leaves_half_of_the_screen(
    desk: Desk, provider: Provider, readings: Readings
) -> None:
    name = f"#{code_of(desk, provider, 'Google', 'Canada').get_attribute('id')}"

    for language, page in readings():
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert height(page.locator(name)) < PHONE["height"] / 2, language
        assert height(page.locator(name).locator(".line-actions")) < 80, language  # two rows


def test_the_figures_of_the_head_stay_in_two_rows_on_a_phone(readings: Readings) -> None:
    for language, page in readings():
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        tops = [box(figure)[1] for figure in page.locator(".money > div").all()]
        assert len(set(tops)) == 2, language
        assert tops.count(tops[-1]) > 1, language  # none is alone


def test_a_card_beside_facts_is_not_cut_off(desk: Desk, readings: Readings) -> None:
    desk.choose("Telegram")
    desk.buy("Netherlands").get_by_role("link", name="Details").click()
    expect(desk.page.get_by_role("heading", name="What happened")).to_be_visible()
    for language, page in readings():
        for width in (360, 992, 1280, 1366, 1920, 2560):
            resize(page, width)
            card = page.locator(".departure").first
            assert box(card.locator(".leaves"))[2] <= box(card)[2] - 8, (language, width)
            number, copies_it = (
                card.locator(".line-number .digits"),
                card.locator("[id^=copy-number-]"),
            )
            assert are_on_one_line(box(number), box(copies_it)), (language, width)


def test_the_end_of_a_lease_is_not_cut_off(desk: Desk, readings: Readings) -> None:
    lease_in(desk, "France", "1")
    for language, page in readings():
        for width in (320, 360, 992, 1024, 1280, 1366):
            resize(page, width)
            board, ends, number, copies_it = page.wait_for_function(BOXES_OF_A_LEASE).json_value()
            assert ends[2] <= board[2] - 8, (language, width)
            assert are_on_one_line(number, copies_it), (language, width)


def test_pictures_fill_the_width_of_a_large_screen(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{page.url.partition('?')[0]}spend/")
    page.set_viewport_size({"width": 2560, "height": 1200})
    edge = box(page.locator(".charts"))[2]
    rows: dict[float, float] = {}
    for picture in page.locator(".charts .drawing").all():
        _, top, right, _ = box(picture)
        rows[top] = max(right, rows.get(top, 0))
    assert len(rows) > 1
    assert all(abs(right - edge) <= 1 for right in rows.values()), (rows, edge)


def test_a_flag_stands_beside_its_country_on_a_phone(desk: Desk) -> None:
    desk.choose("Telegram")
    page = desk.page
    service = page.url.partition("service=")[2]
    page.set_viewport_size({"width": 320, "height": 740})
    page.goto(f"{page.url.partition('?')[0]}prices/?service={service}")
    cells = page.locator("#offers td:has(> .flag)")
    assert cells.count() > 10
    for cell in cells.all():
        flag, name = box(cell.locator(".flag")), box(cell.locator(".flag + *"))
        assert flag[2] <= name[0]
        assert flag[1] < name[3]
        assert name[1] < flag[3]
    assert box(page.locator("#offers table"))[2] <= box(page.locator("#offers .panel"))[2]


def test_a_heading_that_is_led_to_is_underlined_not_boxed(desk: Desk) -> None:
    desk.search.focus()
    desk.page.keyboard.type("teleg")
    desk.page.keyboard.press("Enter")
    heading = desk.page.locator("#chosen-title")
    expect(heading).to_be_focused()
    expect(heading).to_have_css("outline-style", "none")
    expect(heading).to_have_css("text-decoration-line", "underline")
