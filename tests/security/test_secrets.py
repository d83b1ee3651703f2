"""Goal 11, for the secrets that are not tokens of the provider: second factors, invitations, sessions.

Each is shown once, to whom it belongs, by the answer or the mail that it is made for. From then on it is
in no log, no other mail or page, no error report, no task, and not in the database in clear. A session's
key is what the database and Redis find it by: there it is, and nowhere else.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.test import Client
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from accounts.models import Team, User
from core.redaction import redact
from sandbox.server import Sandbox
from tests.accounts.test_canary import everything_in_redis, everything_in_the_database, forms
from tests.security.test_canary import files_of_the_database
from tests.signing_in import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

TOTP_PAGE = "/accounts/2fa/totp/activate/"
CODES_PAGE = "/accounts/2fa/recovery-codes/"


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


@pytest.fixture
def reports() -> Iterator[list[str]]:
    written: list[str] = []

    def report(request: HttpRequest, **_: Any) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info())
        written.extend((reporter.get_traceback_html(), reporter.get_traceback_text()))

    got_request_exception.connect(report)
    yield written
    got_request_exception.disconnect(report)


class Hunt:
    """A browser of Alice's, and all that it was shown."""

    def __init__(self, team: Team, alice: User) -> None:
        self.team, self.browser, self.pages = team, Client(raise_request_exception=False), []
        sign_in(self.browser, alice)
        self.session_key = self.browser.session.session_key

    def get(self, path: str) -> Any:
        return self._keep(self.browser.get(path))

    def post(self, path: str, form: dict[str, str]) -> Any:
        return self._keep(self.browser.post(path, form))

    def _keep(self, answer: Any) -> Any:
        self.pages.append(answer.content + repr(answer.headers).encode())
        return answer

    def set_up_an_app(self) -> str:
        """Alice's new authenticator app; its page alone shows the secret."""
        page = self.browser.get(TOTP_PAGE)
        secret = page.context["form"].secret
        assert secret in page.text
        wrong = self.browser.post(TOTP_PAGE, {"code": "000000"})
        assert secret in wrong.text, "the page to try again on"
        assert self.post(TOTP_PAGE, {"code": code_of(secret)}).status_code == 302
        return str(secret)

    def recovery_codes(self) -> list[str]:
        page = self.browser.get(CODES_PAGE)  # it shows them, as often as it is asked
        codes = Authenticator.objects.get(type="recovery_codes").wrap().generate_codes()
        assert all(code in page.text for code in codes)
        return [str(code) for code in codes]

    def invite(self) -> str:
        """The token of an invitation, which stands in one mail."""
        form = {"email": "new@example.org", "role": "viewer"}
        self.post(f"/t/{self.team.slug}/team/invitations/", form)
        token = re.search(r"/invitations/([^/\s]+)/", mail.outbox[-1].body)
        assert token is not None
        return token[1]


@pytest.fixture
def hunt(team: Team, alice: User, caplog: pytest.LogCaptureFixture, settings: Settings) -> Hunt:
    caplog.set_level(logging.DEBUG)
    # Eight digits turn up by chance among all the numbers in a server's files; these do not.
    settings.MFA_RECOVERY_CODE_DIGITS = 16
    return Hunt(team, alice)


def test_goal_11_secrets_of_second_factors_invitations_and_sessions_are_nowhere(
    hunt: Hunt,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    reports: list[str],
    queued: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = hunt.set_up_an_app()
    codes = hunt.recovery_codes()
    token = hunt.invite()
    invitation = mail.outbox.pop()
    # Something breaks while a view has them in its hands.
    for place, path in (
        ("accounts.views.invitations.operations.find_invitation", f"/invitations/{token}/"),
        ("rentals.views.desk.get_membership", f"/t/{hunt.team.slug}/"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, broken)
            assert hunt.get(path).status_code == 500, path
    hunt.get("/accounts/2fa/")
    hunt.get(f"/t/{hunt.team.slug}/team/")
    hunt.get(f"/t/{hunt.team.slug}/audit/")
    hunt.post("/me/data/", {})

    said = {
        "logs": redact(caplog.text).encode(),
        "mails": repr([(m.subject, m.body) for m in mail.outbox]).encode(),
        "pages": b"\n".join(hunt.pages),
        "error reports": "\n".join(reports).encode(),
        "tasks": repr(queued()).encode(),
    }
    stored = {
        "database": everything_in_the_database() + sessions(),
        "files": files_of_the_database(),
        "Redis": everything_in_redis(),
    }
    assert b"out of order" in said["error reports"]
    assert invitation.to == ["new@example.org"]
    for where, content in (said | stored).items():
        for what in (secret, *codes):
            assert not holds(content, what), f"a second factor is in the {where}"
        if where != "error reports":  # they have the address that was asked for
            assert not holds(content, token), f"an invitation's token is in the {where}"
    for where in said:
        if where != "pages":  # the cookie itself
            assert not holds(said[where], hunt.session_key), f"a session is in the {where}"


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("out of order")


def holds(content: bytes, secret: str) -> bool:
    return any(form in content for form in forms(secret))


def sessions() -> bytes:
    """What sessions hold, which stands in the database signed and packed."""
    return repr([session.get_decoded() for session in Session.objects.all()]).encode()
