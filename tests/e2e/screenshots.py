"""Writes a picture of every page at two widths, in light and dark: ``script/screenshots [names]``.

Starts the site on its demo data, buys some numbers so that the board is not empty, and visits every page of
``tests/e2e/pages.py``. For looking at them all after a change of the design, and for docs/screenshots/.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.desk import Desk
from tests.e2e.pages import PAGES, Page
from tests.e2e.tour import Tour
from tests.e2e.watching import Watcher
from tests.plugins.browser import NO_BROWSER, find_browser, launch_arguments
from tests.plugins.site import Site, running_site

OUT = Path(__file__).resolve().parent.parent.parent / "var" / "screenshots"
WIDTHS = {"phone": (360, 740), "desktop": (1280, 860)}
SCHEMES = ("light", "dark")
NUMBERS = {"Telegram": "Netherlands", "WhatsApp": "United Kingdom", "Google": "Canada"}


def main() -> int:
    options = read_options()
    path = find_browser()
    if path is None:
        print(NO_BROWSER, file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        site = stack.enter_context(running_site(DEMO_SMS_SECONDS="12"))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=path, args=launch_arguments())
        stack.callback(browser.close)
        draw(browser, site, [page for page in PAGES if page.name in options.names])
    print(f"{len(options.names) * len(WIDTHS) * len(SCHEMES)} pictures are in {OUT}")
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("script/screenshots", description=__doc__)
    names = [page.name for page in PAGES]
    parser.add_argument("names", nargs="*", default=names, metavar="name", help=", ".join(names))
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no such page: {', '.join(sorted(unknown))}")
    return options


def draw(browser: Browser, site: Site, pages: Sequence[Page]) -> None:
    """Every page; first those that others are found on, whether or not they are wanted."""
    tour = Tour(site, *(browser.new_context(locale="en-US") for _ in range(2)))
    fill_board(tour)
    for page in PAGES:
        if page not in pages and page.name not in {wanted.found_on for wanted in pages}:
            continue
        tab = tour.open(page)
        if page not in pages:
            continue
        print(f"  {page.name}", flush=True)
        for scheme in SCHEMES:
            tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for width, (w, h) in WIDTHS.items():
                tab.set_viewport_size({"width": w, "height": h})
                # As high as the page: a bar at the bottom stays at the bottom.
                whole = int(tab.evaluate("document.documentElement.scrollHeight"))
                tab.set_viewport_size({"width": w, "height": max(h, whole)})
                tab.screenshot(path=OUT / f"{page.name}-{width}-{scheme}.png")


def fill_board(tour: Tour) -> None:
    """Some numbers with their codes, and one that waits."""
    page = next(page for page in PAGES if page.name == "desk")
    for service, country in NUMBERS.items():
        tab = tour.open(page)
        desk = Desk(tab, tour.site, Watcher(tab.context, tour.site))
        desk.choose(service)
        card = desk.buy(country)
        if service != list(NUMBERS)[-1]:
            expect(card.locator(".code")).to_be_visible(timeout=60_000)


if __name__ == "__main__":
    sys.exit(main())
