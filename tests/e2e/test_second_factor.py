"""A second factor in a real browser: an authenticator app, and a passkey of Chromium's virtual key."""

import pytest
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.desk import PASSWORD
from tests.plugins.site import Site

pytestmark = pytest.mark.e2e

PLATFORM_KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_an_authenticator_app_is_set_up_and_asked_for_at_the_next_sign_in(
    visit: Visit, site: Site
) -> None:
    desk = visit(site)
    page = desk.page
    desk.sign_up("tom@example.org")
    page.goto(f"{site.url}/accounts/2fa/totp/activate/")
    confirm_password(page)
    expect(page.locator("img.qr")).to_be_visible()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("input[name=code]").fill(code_of(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()

    sign_out(page)
    sign_in_with_password(page, site.url, "tom@example.org")
    page.locator("input[name=code]").fill(code_of(secret))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    desk.wait_until_live()


def test_a_passkey_signs_in_without_a_password(page: Page, site: Site) -> None:
    local = site.url.replace("127.0.0.1", "localhost")  # passkeys belong to names, not to addresses
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": PLATFORM_KEY})
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(f"{local}/accounts/signup/")
    page.get_by_label("Email").fill("pia@example.org")
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.locator("body")).to_have_attribute("data-live", "on")

    page.goto(f"{local}/accounts/2fa/webauthn/add/")
    confirm_password(page)
    page.get_by_label("Passwordless").check()
    page.locator("#mfa_webauthn_add").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()

    sign_out(page)
    page.goto(f"{local}/accounts/login/")
    page.locator("#passkey_login").click()
    expect(page.locator("body")).to_have_attribute("data-live", "on")

    sign_out(page)
    sign_in_with_password(page, local, "pia@example.org")
    page.locator("#mfa_webauthn_authenticate").click()
    expect(page.locator("body")).to_have_attribute("data-live", "on")
    assert errors == []


def confirm_password(page: Page) -> None:
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_in_with_password(page: Page, url: str, email: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign In", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator(".user-menu summary").click()
    page.locator(".user-menu").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    this_moment = list(yield_hotp_counters_from_time())[1]
    return format_hotp_value(hotp_value(secret, this_moment))
