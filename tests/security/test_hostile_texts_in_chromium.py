"""Goal 9 in a real browser: no dialog, no request, no violated policy, whatever the SMS say."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext

from config.asgi import application
from core.text import spell_out
from sandbox.server import Sandbox
from tests.e2e.watching import Watcher
from tests.live.listening import StreamServer
from tests.security.hostile import CLEAN, make_hostile, make_world_with_messages
from tests.security.world import World

SMS = ".sms, .sms-text, .line-text"

ELEMENTS_IN_TEXTS = f"""
  [...document.querySelectorAll("{SMS}")].filter((text) => text.querySelector(":not(br)")).length
"""


@pytest.fixture(scope="module", autouse=True)
def database_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, where Django would refuse to ask a database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def world(transactional_db: None, sandbox: Sandbox) -> World:
    world = make_world_with_messages()
    make_hostile()
    return world


@pytest.mark.e2e
@pytest.mark.parametrize("visitor", ["owner", "staff"])
def test_goal_9_a_browser_runs_asks_and_complains_of_nothing(
    context: BrowserContext, server: StreamServer, world: World, visitor: str
) -> None:
    url = f"http://127.0.0.1:{server.port}"
    watcher = Watcher(context, SimpleNamespace(url=url))
    sign_in(context, url, world.browser_of(visitor))
    page, dialogs = context.new_page(), []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    routes = {
        "owner": ["t/<slug:team>/purchases/<uuid:code>/", "t/<slug:team>/"],
        "staff": ["admin/rentals/message/<path:object_id>/do/<slug:deed>/"],
    }[visitor]
    for route in routes:
        page.goto(url + world.address(route))
        if visitor == "staff":
            page.get_by_label("Reason").fill("The team asked for help.")
            page.get_by_role("button", name="Read the SMS").click()
        texts = page.locator(SMS)
        assert texts.count() >= 1
        assert page.evaluate(ELEMENTS_IN_TEXTS) == 0
        shown = page.evaluate("document.body.textContent")
        if "purchases" in route:
            assert sum(spell_out(text).strip() in shown for text in CLEAN) > len(CLEAN) * 0.9
        texts.last.hover()
        texts.last.click()
        assert page.url == url + world.address(route)
    assert not dialogs
    watcher.check()


@pytest.fixture
def server() -> Iterator[StreamServer]:
    with StreamServer(application) as running:
        yield running


def sign_in(context: BrowserContext, url: str, browser: Client) -> None:
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": url}])
