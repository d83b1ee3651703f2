"""Browsers that are watched, and sites whose SMS come by themselves or by hand."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.e2e.desk import Desk
from tests.e2e.provider import Provider
from tests.e2e.watching import Watcher
from tests.plugins.site import Site, running_site

# Two cores may be running everything else at the same time.
PATIENCE = 20_000

Visit = Callable[..., Desk]


@pytest.fixture(scope="package", autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=PATIENCE)
    yield
    expect.set_options(timeout=None)


@pytest.fixture(scope="session")
def site(site: Site) -> Site:
    """The site whose SMS come by themselves, with its workers up."""
    return with_workers(site)


@pytest.fixture(scope="session")
def site_by_hand() -> Iterator[Site]:
    """A site whose SMS come when a test delivers them."""
    quick = {"UNKNOWN_QUIET_SECONDS": "2", "LEASE_REFRESH_SECONDS": "5"}
    with running_site(DEMO_SMS_SECONDS="600", **quick) as running:
        yield with_workers(running)


def with_workers(site: Site) -> Site:
    """Wait for the workers too: the address is there before them, so that a start feels short."""
    for part in ("worker", "poller"):
        site.wait_for_log(part, r" ready\.")
    return site


@pytest.fixture
def provider(site_by_hand: Site) -> Iterator[Provider]:
    """The sandbox behind it, well again after the test."""
    provider = Provider(site_by_hand)
    yield provider
    provider.control("clear_faults")


@pytest.fixture
def watch() -> Iterator[Callable[[BrowserContext, Site], Watcher]]:
    """Watches a browser profile; whatever went wrong in it fails the test at its end."""
    watchers: list[Watcher] = []

    def start(context: BrowserContext, site: Site) -> Watcher:
        watchers.append(Watcher(context, site))
        return watchers[-1]

    yield start
    for watcher in watchers:
        watcher.check()


@pytest.fixture
def visit(browser: Browser, watch: Callable[[BrowserContext, Site], Watcher]) -> Iterator[Visit]:
    """`visit(site, **profile) -> Desk`: somebody with a browser of their own, watched."""
    profiles: list[BrowserContext] = []

    def enter(site: Site, **profile: object) -> Desk:
        size = {"width": 1280, "height": 900}
        context = browser.new_context(**{"locale": "en-US", "viewport": size, **profile})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        profiles.append(context)
        return Desk(context.new_page(), site, watch(context, site))

    yield enter
    for context in profiles:
        context.close()


@pytest.fixture
def desk(visit: Visit, site_by_hand: Site) -> Desk:
    """The demo user at the desk of the site by hand."""
    return visit(site_by_hand).enter_as_demo()
