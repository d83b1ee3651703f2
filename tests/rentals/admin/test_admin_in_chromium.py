"""The admin in a real browser: nothing leaves for elsewhere, nothing violates its policy, all of it fits."""

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from config.asgi import application
from rentals.models import Purchase
from sandbox.server import Sandbox
from tests.e2e.watching import Watcher
from tests.live.listening import StreamServer
from tests.security.matrix import MATRIX
from tests.security.world import World, make_world

pytestmark = pytest.mark.e2e

LISTS = [route for route in MATRIX if re.fullmatch(r"admin/(?!auth/)\w+/\w+/", route)]
ROUTES = [
    "admin/",
    "admin/rentals/purchase/",
    "admin/rentals/purchase/<path:object_id>/change/",
    "admin/rentals/ledgerentry/statements/",
    "admin/rentals/message/<path:object_id>/do/<slug:deed>/",
    "admin/accounts/team/<path:object_id>/change/",
    "admin/rentals/buyingstop/add/",
    "admin/health/",
]

CUT_OFF = """[...document.querySelectorAll(".staff-panels .staff-scroll")]
  .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.innerText.split("\\n")[0])"""


@pytest.fixture(scope="module", autouse=True)
def database_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, where Django would refuse to ask a database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def world(transactional_db: None, sandbox: Sandbox) -> World:
    return make_world()


@pytest.fixture
def server() -> Iterator[StreamServer]:
    with StreamServer(application) as running:
        yield running


def test_the_pages_of_staff_work_under_their_policy(
    browser: Browser, server: StreamServer, world: World
) -> None:
    url = f"http://127.0.0.1:{server.port}"
    key = world.browser_of("staff").cookies[settings.SESSION_COOKIE_NAME].value
    for width, scheme in ((1280, "light"), (360, "dark")):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-US"
        )
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": url}])
        watcher = Watcher(context, SimpleNamespace(url=url))
        page = context.new_page()
        page.set_default_timeout(30_000)
        for route in ROUTES + (LISTS if width == 1280 else []):
            page.goto(url + world.address(route))
            expect(page.locator("html")).not_to_have_attribute("x-cloak", "")  # Alpine runs
            assert page.evaluate("document.documentElement.scrollWidth") <= width, route
            if route == "admin/" and width == 1280:
                assert page.locator(".staff-panels table").count()
                assert page.evaluate(CUT_OFF) == []
        if width == 1280:
            narrow_by_typing(page, url, world)
        watcher.check()
        context.close()


def narrow_by_typing(page: Page, url: str, world: World) -> None:
    """Open the filters, find a team by typing, and see only its purchases."""
    page.goto(f"{url}/admin/rentals/purchase/")
    before = page.locator("#result_list tr.data-row").count()
    page.get_by_role("button", name="Filters").press("Enter")
    page.locator("select[name=team__id__exact] + .select2 .select2-selection").click()
    page.locator(".select2-search__field").fill(world.theirs.name)
    page.locator(".select2-results__option", has_text=world.theirs.name).first.click()
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**team__id__exact=**")
    theirs = Purchase.objects.filter(team=world.theirs).count()
    assert 0 < theirs < before
    expect(page.locator("#result_list tr.data-row")).to_have_count(theirs)
