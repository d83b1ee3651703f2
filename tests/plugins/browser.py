"""Tests that drive a browser: which one, when they are skipped, and how they are told apart.

Debian's Chromium, Chrome, or whatever BROWSER names. Without one the tests marked `e2e` are skipped
and the summary says so; with REQUIRE_BROWSER=1 they fail instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
NO_BROWSER = "no Chromium or Chrome found"


def find_browser() -> str | None:
    for name in (os.environ.get("BROWSER", ""), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    return str(MACOS) if MACOS.exists() else None


def launch_arguments() -> list[str]:
    """Chromium keeps its own sandbox but where root runs it, as in a container."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the browser tests to one process, and to SQLite but for the marked journey."""
    on_postgres = bool(os.environ.get("TEST_DATABASE_URL"))
    browser = find_browser()
    required = os.environ.get("REQUIRE_BROWSER") == "1"
    unwanted = []
    for item in items:
        if "e2e" not in item.keywords:
            continue
        item.add_marker(pytest.mark.xdist_group("e2e"))
        if on_postgres and "postgres_journey" not in item.keywords:
            unwanted.append(item)
        elif browser is None and not required:
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if NO_BROWSER in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.section("BROWSER TESTS DID NOT RUN", yellow=True)
        terminalreporter.line(
            f"{len(skipped)} browser tests were skipped: {NO_BROWSER} "
            "(Debian: apt install chromium, or set BROWSER to its path)."
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module: its event loop ends with it, so that no later test meets it."""
    path = find_browser()
    if path is None:
        pytest.fail(f"{NO_BROWSER}, and REQUIRE_BROWSER=1 asks for one")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=launch_arguments())
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of the test's own. It reaches this machine only."""
    profile = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    profile.set_default_timeout(15_000)
    yield profile
    profile.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def page_without_javascript(browser: Browser) -> Iterator[Page]:
    profile = browser.new_context(locale="en-US", java_script_enabled=False)
    profile.set_default_timeout(15_000)
    yield profile.new_page()
    profile.close()
