"""The inbox in a browser: an SMS is there as it comes, above what is open, and the page stays."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.desk import Desk, digits
from tests.e2e.provider import Provider

pytestmark = pytest.mark.e2e


def test_an_sms_comes_into_the_open_inbox(desk: Desk, provider: Provider) -> None:
    desk.choose("Telegram")
    card = desk.buy("France")
    number = digits(card.locator(".line-number"))
    page = desk.page
    page.get_by_role("link", name="Inbox", exact=True).click()
    desk.wait_until_live()
    before = page.locator(".inbox-message").count()
    page.evaluate("window.notReloaded = true")

    provider.deliver(number, "Your code is 730164")

    first = page.locator(".inbox-message").first
    expect(first.locator(".code")).to_have_text("730164")
    expect(first.locator(".digits")).to_have_text(re.compile(r"^\+33"))
    expect(page.locator("#announcer")).to_contain_text("the code is 730164")
    expect(page.locator(".inbox-message")).to_have_count(before + 1)
    assert page.evaluate("window.notReloaded")
