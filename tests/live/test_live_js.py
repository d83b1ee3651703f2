"""live.js in a real browser, under the site's content security policy, against the real stream."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Page as BrowserPage
from pytest_django import Settings

from live import bus, stream, tickets
from tests.live.listening import StreamServer, eventually

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed"),
]

SCRIPT = Path("static/js/live.js")
ON_PAGE = "0b0e7a5c-0000-4000-8000-000000000001"
ELSEWHERE = "0b0e7a5c-0000-4000-8000-000000000002"
HTMX = "django_htmx/htmx-2.min.js"
HTML = f"""<!doctype html>
<meta name="htmx-config"
  content='{{"includeIndicatorStyles": false, "allowEval": false, "defaultSettleDelay": 0}}'>
<body data-live-ticket="/ticket">
<div id="live-state" role="status" data-lost="Lost." data-ended="Ended."></div>
<article data-purchase="{ON_PAGE}"></article>
<main>{{card}}</main>
<ol id="heard"></ol>
<script src="/spy.js"></script>
<script src="/htmx.js"></script>
<script src="/live.js"></script>
"""
CARD = (
    '<p id="card" hx-get="/card" hx-trigger="live:money from:body" hx-swap="outerHTML">{price}</p>'
)
SPY = """

const dispatch = document.body.dispatchEvent;
document.body.dispatchEvent = function (event) {
  if (!event.type.startsWith("live:")) return dispatch.call(this, event);
  const item = document.createElement("li");
  item.textContent = event.type;
  document.getElementById("heard").append(item);
  return dispatch.call(this, event);
};
"""


class Site:
    """A page that listens, the address of its ticket, and the stream."""

    def __init__(self) -> None:
        self.ticket_status = 200
        self.tickets = 0
        self.price = 1
        self.card_may_leave = asyncio.Event()
        self.card_may_leave.set()
        self.card_status = 200

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/live":
            return await stream.application(scope, receive, send)
        status, kind, body = self.answer(scope["path"])
        if scope["path"] == "/card":
            await self.card_may_leave.wait()
        headers = [
            (b"content-type", kind.encode()),
            (
                b"content-security-policy",
                b"default-src 'none'; script-src 'self'; connect-src 'self'",
            ),
            *([(b"location", b"/sign-in")] if status == 302 else []),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})
        return None

    def answer(self, path: str) -> tuple[int, str, str]:
        if path == "/ticket":
            self.tickets += 1
            url = f"/live?ticket={tickets.make(team_id=1, user_id=1)}"
            return self.ticket_status, "application/json", json.dumps({"url": url})
        if path == "/live.js":
            return 200, "text/javascript", SCRIPT.read_text()
        if path == "/spy.js":
            return 200, "text/javascript", SPY
        if path == "/htmx.js":
            return 200, "text/javascript", Path(str(finders.find(HTMX))).read_text()
        card = CARD.format(price=self.price)
        if path == "/card":
            return self.card_status, "text/html", card
        return (
            (200, "text/html", HTML.replace("{card}", card))
            if path == "/"
            else (404, "text/plain", "")
        )


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def server(site: Site) -> Iterator[StreamServer]:
    with StreamServer(site) as server:
        yield server
        server.call(site.card_may_leave.set)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: StreamServer) -> Iterator[BrowserPage]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}/")
        yield page


def expect_state(page: BrowserPage, state: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-live", state, timeout=10_000)


def expect_heard(page: BrowserPage, *events: str) -> None:
    expect(page.locator("#heard li")).to_have_text(list(events), timeout=10_000)


def publish(topic: str) -> None:
    bus._publisher().send("busstop:live:1", topic)


def test_signals_become_events_on_the_page(page: BrowserPage) -> None:
    expect_state(page, "on")
    publish("leases")
    publish(f"purchase:{ON_PAGE}")
    publish(f"purchase:{ELSEWHERE}")
    expect_heard(
        page,
        "live:sync",
        "live:leases",
        f"live:purchase:{ON_PAGE}",
        f"live:purchase:{ELSEWHERE}",
        "live:board",
    )
    expect(page.locator("#live-state")).to_be_empty()


def test_a_stream_that_breaks_off_comes_back_with_a_new_ticket_and_reads_all_again(
    page: BrowserPage, server: StreamServer, site: Site
) -> None:
    expect_state(page, "on")
    server.call(lambda: [subscriber.end() for subscriber in server.hub._streams])
    expect_heard(page, "live:sync", "live:sync")
    assert site.tickets == 2
    expect_state(page, "on")
    assert len(server.hub) == 1


def test_a_renewal_comes_back_at_once(page: BrowserPage, server: StreamServer, site: Site) -> None:
    expect_state(page, "on")
    server.call(lambda: [subscriber.end_within(0) for subscriber in server.hub._streams])
    expect_heard(page, "live:sync", "live:sync")
    assert site.tickets == 2


def test_a_page_whose_right_has_gone_stops_and_says_so(
    page: BrowserPage, server: StreamServer, site: Site
) -> None:
    for status in (302, 404, 403):
        site.ticket_status = 200
        page.reload()
        expect_state(page, "on")
        site.ticket_status = status
        server.call(lambda: [subscriber.end() for subscriber in server.hub._streams])
        expect_state(page, "off")
        expect(page.get_by_role("status").get_by_role("link", name="Ended.")).to_be_visible()


def test_a_server_in_trouble_is_asked_again_and_the_page_says_that_it_waits(
    page: BrowserPage, server: StreamServer, site: Site
) -> None:
    expect_state(page, "on")
    site.ticket_status = 500
    server.call(lambda: [subscriber.end() for subscriber in server.hub._streams])
    expect(page.locator("#live-state")).to_have_text("Lost.", timeout=10_000)
    expect_state(page, "connecting")
    site.ticket_status = 200
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect_state(page, "on")
    expect(page.locator("#live-state")).to_be_empty()


def test_a_page_that_is_left_closes_its_stream(page: BrowserPage, server: StreamServer) -> None:
    expect_state(page, "on")
    page.goto("about:blank")
    eventually(lambda: len(server.hub) == 0)


def test_redis_away_is_shown_and_redis_back_reads_all_again(
    page: BrowserPage, server: StreamServer, settings: Settings
) -> None:
    expect_state(page, "on")
    server.call(lambda: [subscriber.notify("lost") for subscriber in server.hub._streams])
    expect_state(page, "connecting")
    server.call(lambda: [subscriber.notify("sync") for subscriber in server.hub._streams])
    expect_state(page, "on")
    expect_heard(page, "live:sync", "live:sync")


def test_a_signal_is_not_lost_behind_an_answer_that_is_older_than_it(
    page: BrowserPage, server: StreamServer, site: Site
) -> None:
    expect_state(page, "on")
    server.call(site.card_may_leave.clear)
    site.price = 2
    with page.expect_request("**/card"):
        publish("money")
    site.price = 3  # too late for the answer that is on its way
    publish("money")
    expect_heard(page, "live:sync", "live:money", "live:money")
    server.call(site.card_may_leave.set)
    expect(page.locator("#card")).to_have_text("3")


def test_what_could_not_be_fetched_is_fetched_again(page: BrowserPage, site: Site) -> None:
    expect_state(page, "on")
    site.price = 2
    site.card_status = 502
    with page.expect_response("**/card"):
        publish("money")
    site.card_status = 200
    expect(page.locator("#card")).to_have_text("2", timeout=10_000)


def test_a_browser_without_a_network_says_so_and_comes_back(page: BrowserPage) -> None:
    expect_state(page, "on")
    page.context.set_offline(True)
    expect(page.locator("#live-state")).to_have_text("Lost.", timeout=10_000)
    page.context.set_offline(False)
    expect_state(page, "on")
    expect(page.locator("#live-state")).to_be_empty()
