"""Long-term numbers, as a member lives with them: leased, read, renewed and given back."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, expect

from core.money import format_usd
from tests.e2e.conftest import Visit
from tests.e2e.desk import Desk, digits
from tests.e2e.provider import Provider
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e


def lease_in(desk: Desk, area: str, months: str) -> Locator:
    """Lease a number for so many months; returns its row once the number is there."""
    page = desk.page
    page.get_by_role("link", name="Leases").click()
    desk.wait_until_live()
    page.get_by_label("Months").fill(months)
    page.get_by_role("button", name=re.compile(rf"{months} months? for .*: {area}")).click()
    row = page.locator(".departure.is-lease", has_text=area)
    expect(row.locator(".digits")).to_be_visible()
    return row


def national(number: str, dialling_code: str) -> str:
    return number.removeprefix(dialling_code)


def test_a_leased_number_gets_its_sms_and_is_renewed(desk: Desk, provider: Provider) -> None:
    spent = desk.money("Spent")
    row = lease_in(desk, "Spain", "2")
    expect(row).to_contain_text("2 months")
    expect(desk.figure("Spent")).to_have_text(format_usd(spent + Decimal("9.20")))
    number = national(digits(row.locator(".line-number")), "34")

    provider.control("deliver_lease", mobile_number=number, text="Your code is 048213")
    expect(row.locator(".code")).to_have_text("048213")

    row.get_by_role("link", name="Inbox").click()
    desk.wait_until_live()
    page = desk.page
    expect(page.locator("#inbox .code")).to_have_text("048213")
    expect(page.get_by_text("SMS-BUS does not take the number back")).to_be_visible()
    page.evaluate("window.notReloaded = true")
    provider.control("deliver_lease", mobile_number=number, text="and 551177")
    expect(page.locator("#inbox .code").first).to_have_text("551177")
    expect(page.locator("#announcer")).to_contain_text("the code is 551177")
    assert page.evaluate("window.notReloaded")

    page.get_by_label("Months").fill("3")
    page.get_by_role("button", name="Renew 3 months for $13.80").click()
    expect(page.get_by_role("link", name="Renewal, 3 months")).to_contain_text("bought")
    expect(page.locator("#lease .facts strong")).to_have_text("$23.00")


def test_a_number_is_given_back_for_its_price(desk: Desk, provider: Provider) -> None:
    desk.watcher.forgive("422")
    spent = desk.money("Spent")
    row = lease_in(desk, "Poland", "1")
    expect(desk.figure("Spent")).to_have_text(format_usd(spent + Decimal("3.20")))

    row.get_by_role("link", name="Inbox").click()
    page = desk.wait_until_live().page
    page.get_by_role("button", name="Cancel, $3.20 back").click()
    expect(page.get_by_role("alert")).to_have_text("Tick the box first. Nothing was changed.")
    page.get_by_label("Yes, the number may go to somebody else").check()
    page.get_by_role("button", name="Cancel, $3.20 back").click()

    expect(page.get_by_text("Cancelled; $3.20 came back.")).to_be_visible()
    page.get_by_role("link", name="Leases").first.click()
    expect(page.get_by_role("region", name="Ended")).to_contain_text("cancelled")
    expect(desk.figure("Spent")).to_have_text(format_usd(spent))


def test_the_same_without_javascript(visit: Visit, site: Site) -> None:
    desk = visit(site, java_script_enabled=False)
    desk.watcher.forgive("422")
    page = desk.page
    page.goto(site.url)
    page.get_by_role("button", name="Sign in as the demo user").click()
    page.get_by_role("link", name="Leases").click()
    page.get_by_label("Months").fill("2")
    page.get_by_role("button", name="Show the prices").click()
    page.get_by_role("button", name="2 months for $5.00").click()

    row = page.locator(".departure.is-lease", has_text="United Kingdom")
    expect(row.locator(".line-number .digits")).to_be_visible()
    row.get_by_role("link", name="Inbox").click()
    page.get_by_label("Months").fill("2")
    page.get_by_role("button", name="Renew 1 month for $2.50").click()
    expect(page.get_by_role("alert")).to_contain_text("is now $5.00, not $2.50. Nothing was bought")
    page.get_by_role("button", name="Renew 2 months for $5.00").click()
    expect(page.get_by_role("link", name="Renewal, 2 months")).to_be_visible()
