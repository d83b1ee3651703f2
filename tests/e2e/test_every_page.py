"""Every page, in light and in dark, at the desk and on a phone: readable by everybody, light, and alone.

Opened once and looked at from all sides, in one browser and on one site.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Request
from playwright.sync_api import Page as Tab

from tests.e2e.pages import PAGES, Page
from tests.e2e.tour import Tour
from tests.e2e.watching import Watcher
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

BUDGET = 75_000  # bytes of CSS and JS, compressed with brotli
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

TOO_SMALL = """() => {
  const fields = "button, select, summary, input:not([type=hidden], [type=checkbox], [type=radio])";
  const low = ({ height }) => height > 1 && height < 24;
  return [...document.querySelectorAll(fields)]
    .filter((element) => element.checkVisibility() && low(element.getBoundingClientRect()))
    .map((element) => element.outerHTML.slice(0, 120));
}"""

# How far one can scroll below the foot of the page, into nothing.
BELOW_THE_FOOT = """() => {
  const foot = document.querySelector(".site-footer").getBoundingClientRect().bottom + scrollY;
  const ends = Math.max(innerHeight, foot + parseFloat(getComputedStyle(document.body).paddingBottom));
  return Math.max(0, document.documentElement.scrollHeight - ends);
}"""


@pytest.fixture(scope="module")
def watchers(browser: Browser, site: Site) -> list[Watcher]:
    return []


@pytest.fixture(scope="module")
def tour(browser: Browser, site: Site, watchers: list[Watcher]) -> Iterator[Tour]:
    profiles = [
        browser.new_context(locale="en-US", viewport=DESKTOP, reduced_motion="reduce")  # type: ignore[arg-type]
        for _ in range(2)
    ]
    for profile in profiles:
        profile.set_default_timeout(20_000)
        watchers.append(Watcher(profile, site))
    tour = Tour(site, *profiles)
    # What is found on another page needs that page's links, whichever test comes first.
    for name in dict.fromkeys(page.found_on for page in PAGES if page.found_on):
        tour.open(next(page for page in PAGES if page.name == name))
    yield tour
    for profile in profiles:
        profile.close()


@pytest.fixture
def loaded(tour: Tour) -> Iterator[Callable[[Page], set[str]]]:
    """The static files that the tab of a page asked for since the test began."""
    asked: dict[Tab, set[str]] = {}

    def note(request: Request) -> None:
        asked.setdefault(request.frame.page, set()).add(urlsplit(request.url).path)

    tabs = {tour.tab_for(page) for page in PAGES}
    for tab in tabs:
        tab.on("request", note)
    yield lambda page: asked[tour.tab_for(page)]
    for tab in tabs:
        tab.remove_listener("request", note)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(
    tour: Tour, watchers: list[Watcher], loaded: Callable[[Page], set[str]], page: Page
) -> None:
    for watcher in watchers:
        watcher.errors.clear()
        watcher.foreign.clear()
        if page.name == "no-such-page":
            watcher.forgive(r"\b404\b")

    tab = tour.open(page)

    assert tab.title().removesuffix(" · Busstop")
    weights = {path: weight(path) for path in loaded(page) if path.endswith((".css", ".js"))}
    assert "/static/css/busstop.css" in weights
    assert sum(weights.values()) <= BUDGET, weights
    assert tab.evaluate(BELOW_THE_FOOT) <= 2
    tab.evaluate(AXE_SCRIPT)
    assert violations(tab, {"runOnly": WCAG}) == []
    tab.emulate_media(color_scheme="dark")
    assert violations(tab, {"runOnly": ["color-contrast"]}) == []
    tab.emulate_media(color_scheme="light")
    tab.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert tab.evaluate(BELOW_THE_FOOT) <= 2
    assert too_small(tab) == []
    tab.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    for watcher in watchers:
        watcher.check()


def violations(tab: Tab, options: dict[str, list[str]]) -> list[str]:
    """What axe finds wrong, each with the elements it is about."""
    asked = json.dumps({"resultTypes": ["violations"], **options})
    found = tab.evaluate(f"axe.run({asked}).then((results) => results.violations)")
    return [f"{rule['id']}: {[node['html'][:160] for node in rule['nodes']]}" for rule in found]


def too_small(tab: Tab) -> list[str]:
    """Buttons and fields that a finger would miss: lower than 24 px (WCAG 2.2, 2.5.8)."""
    found: list[str] = tab.evaluate(TOO_SMALL)
    return found


@cache
def weight(path: str) -> int:
    """What a static file weighs on the way."""
    file = finders.find(path.removeprefix("/static/"))
    assert file, path
    return len(brotli.compress(Path(str(file)).read_bytes()))
