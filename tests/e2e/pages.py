"""Every page there is to look at: ``script/screenshots`` draws each, ``test_every_page.py`` examines it.

A page is a route as the access matrix writes it. **A new page** gets a line in ``PAGES``, and what answers GET
without being a page to look at gets its reason in ``EXCUSED``; ``test_page_list.py`` fails until it has either.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

DESK = "t/<slug:team>/"


@dataclass(frozen=True)
class Page:
    """A page by its name. Where the route asks for more than the team, a link on ``found_on`` leads there."""

    name: str
    route: str
    found_on: str = ""
    query: str = ""  # what stands behind the question mark of that link, as a regular expression
    signed_in: bool = True

    def address(self, team: str) -> str:
        """The address in the team whose slug is given."""
        return "/" + self.route.replace("<slug:team>", team)

    def is_led_to_by(self, links: Iterable[str], team: str) -> str | None:
        """The first of ``links`` that leads here."""
        path = re.sub(r"<uuid:\w+>", "[0-9a-f-]{36}", self.address(team))
        path = re.sub(r"<\w+:\w+>", "[^/?]+", path)
        link = re.compile(path + (rf"\?{self.query}" if self.query else ""))
        return next((address for address in links if link.fullmatch(address)), None)


def _signed_out(name: str, route: str) -> Page:
    return Page(name, route, signed_in=False)


PAGES = (
    _signed_out("front", ""),
    _signed_out("sign-in", "accounts/login/"),
    _signed_out("sign-up", "accounts/signup/"),
    _signed_out("forgotten-password", "accounts/password/reset/"),
    _signed_out("forgotten-password-sent", "accounts/password/reset/done/"),
    _signed_out("password-changed", "accounts/password/reset/key/done/"),
    _signed_out("confirm-address", "accounts/confirm-email/"),
    _signed_out("help-signed-out", "help/"),
    Page("desk", DESK),
    Page("desk-chosen", DESK, found_on="desk", query=r"service=\d+.*"),
    Page("prices", "t/<slug:team>/prices/"),
    Page("prices-of-service", "t/<slug:team>/prices/", found_on="prices", query=r"service=\d+"),
    Page("prices-of-country", "t/<slug:team>/prices/", found_on="prices", query=r"country=\d+"),
    Page("offer", "t/<slug:team>/prices/<int:offer>/", found_on="prices-of-service"),
    Page("history", "t/<slug:team>/history/"),
    Page("purchase", "t/<slug:team>/purchases/<uuid:code>/", found_on="history"),
    Page("leases", "t/<slug:team>/leases/"),
    Page("lease", "t/<slug:team>/leases/<uuid:lease>/", found_on="leases"),
    Page("team", "t/<slug:team>/team/"),
    Page("remove-member", "t/<slug:team>/team/<int:user_id>/remove/", "team"),
    Page("hand-team-on", "t/<slug:team>/team/transfer/"),
    Page("delete-team", "t/<slug:team>/team/delete/"),
    Page("spend", "t/<slug:team>/spend/"),
    Page("inbox", "t/<slug:team>/inbox/"),
    Page("exports", "t/<slug:team>/exports/"),
    Page("alerts", "t/<slug:team>/alerts/"),
    Page("notifications", "t/<slug:team>/notifications/"),
    Page("retention", "t/<slug:team>/retention/"),
    Page("terms-of-team", "t/<slug:team>/terms/"),
    Page("limits", "t/<slug:team>/limits/"),
    Page("audit", "t/<slug:team>/audit/"),
    Page("provider-accounts", "t/<slug:team>/accounts/"),
    Page("provider", "t/<slug:team>/provider/"),
    Page("add-provider-account", "t/<slug:team>/accounts/add/"),
    Page("provider-account", "t/<slug:team>/accounts/<uuid:account>/", "provider-accounts"),
    Page("money", "t/<slug:team>/accounts/<uuid:account>/money/", "provider-accounts"),
    Page("me", "me/"),
    Page("notifications-by-mail", "me/notifications/"),
    Page("delete-account", "me/delete/"),
    Page("new-team", "teams/new/"),
    Page("help", "help/"),
    Page("terms", "terms/"),
    Page("addresses", "accounts/email/"),
    Page("password", "accounts/password/set/"),
    Page("sessions", "accounts/sessions/"),
    Page("second-factor", "accounts/2fa/"),
    Page("authenticator-app", "accounts/2fa/totp/activate/"),
    Page("recovery-codes", "accounts/2fa/recovery-codes/generate/"),
    Page("passkeys", "accounts/2fa/webauthn/"),
    Page("new-passkey", "accounts/2fa/webauthn/add/"),
    Page("sign-out", "accounts/logout/"),
    Page("no-such-page", "no-such-page/"),
)

BY_LINK = "opened by a link in a mail; its form is the one of the page it belongs to"
FRAGMENT = "a part of a page that is in the list"
ANOTHER_STATE = "shown to who is in the middle of signing in, or has what the demo user has not"
NO_PAGE = "answers with a file, with data, or by leading elsewhere"

EXCUSED = {
    "accounts/inactive/": ANOTHER_STATE,
    "accounts/reauthenticate/": ANOTHER_STATE,
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": BY_LINK,
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": BY_LINK,
    "accounts/password/change/": ANOTHER_STATE,
    "accounts/login/code/confirm/": ANOTHER_STATE,
    "accounts/2fa/authenticate/": ANOTHER_STATE,
    "accounts/2fa/reauthenticate/": ANOTHER_STATE,
    "accounts/2fa/totp/deactivate/": ANOTHER_STATE,
    "accounts/2fa/recovery-codes/": ANOTHER_STATE,
    "accounts/2fa/recovery-codes/download/": NO_PAGE,
    "accounts/2fa/webauthn/login/": NO_PAGE,
    "accounts/2fa/webauthn/reauthenticate/": ANOTHER_STATE,
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": ANOTHER_STATE,
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": ANOTHER_STATE,
    "healthz": NO_PAGE,
    "readyz": NO_PAGE,
    "invitations/<str:token>/": BY_LINK,
    "t/<slug:team>/live-ticket/": NO_PAGE,
    "t/<slug:team>/exports/<uuid:export>/file/": NO_PAGE,
    "t/<slug:team>/services/": FRAGMENT,
    "t/<slug:team>/offers/": FRAGMENT,
    "t/<slug:team>/board/": FRAGMENT,
    "t/<slug:team>/notifications/bell/": FRAGMENT,
    "t/<slug:team>/money/": FRAGMENT,
    "t/<slug:team>/provider/notice/": FRAGMENT,
    "t/<slug:team>/leases/areas/": FRAGMENT,
    "t/<slug:team>/leases/<uuid:lease>/renewal/": FRAGMENT,
    "t/<slug:team>/purchases/<uuid:code>/card/": FRAGMENT,
    "t/<slug:team>/purchases/<uuid:code>/keep/": FRAGMENT,
}
