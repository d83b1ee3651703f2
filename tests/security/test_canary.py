"""Goal 11: a token that was put in by a page is found in no file of the database and no error report.

Logs, pages, mail, Redis and every column, under every fault of the provider, are searched by
`tests/accounts/test_canary.py` and `tests/rentals/test_canary.py`.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.views.debug import ExceptionReporter
from django.views.decorators.debug import sensitive_variables

from accounts.models import ProviderAccount, Team, User
from sandbox.server import Sandbox
from tests.accounts.test_canary import CANARY, REFERRAL, leaks

FORM = {"name": "Main", "token": CANARY, "refer_id": REFERRAL}
# Where something of ours might break while it holds the token.
PLACES = (
    "accounts.views.provider_accounts.operations.add_provider_account",
    "accounts.operations.provider_accounts.record_balance",
    "accounts.operations.provider_accounts.client_with",
    "accounts.models.provider_account.crypto.seal",
    "accounts.models.provider_account.crypto.fingerprint",
    "core.crypto.AESGCM",
    "smsbus.client.Client._ask",
    "smsbus.client.Client.send",
    "smsbus.call._loads",
)


@pytest.fixture
def reports() -> Iterator[list[str]]:
    """Full reports of the errors that requests end in, as one would mail or upload them."""
    written: list[str] = []

    def report(request: HttpRequest, **_: Any) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info())
        written.extend((reporter.get_traceback_html(), reporter.get_traceback_text()))

    got_request_exception.connect(report)
    yield written
    got_request_exception.disconnect(report)


@pytest.mark.django_db
@pytest.mark.parametrize("place", PLACES)
def test_goal_11_no_error_report_shows_it(
    place: str,
    team: Team,
    client_of: Callable[[User], Client],
    sandbox: Sandbox,
    reports: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @sensitive_variables()  # this frame is ours alone
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of order")

    sandbox.add_account(CANARY)
    monkeypatch.setattr(place, fail)
    browser = client_of(team.members.get())
    browser.raise_request_exception = False

    answer = browser.post(f"/t/{team.slug}/accounts/add/", FORM)

    assert answer.status_code == 500
    assert "out of order" in reports[0]
    assert not leaks("".join(reports))


@pytest.mark.django_db(transaction=True)
def test_goal_11_no_file_of_the_database_holds_it(
    team: Team, client_of: Callable[[User], Client], sandbox: Sandbox
) -> None:
    sandbox.add_account(CANARY)
    client_of(team.members.get()).post(f"/t/{team.slug}/accounts/add/", FORM)
    account = ProviderAccount.objects.get()
    assert account.token() == CANARY

    content = files_of_the_database()

    assert account.token_fingerprint.encode() in content, "these are not the right files"
    assert not leaks(content)


def files_of_the_database() -> bytes:
    """What is on the disk, the write-ahead log included."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            name = Path(str(connection.settings_dict["NAME"]))
            return b"".join(path.read_bytes() for path in name.parent.glob(f"{name.name}*"))
        cursor.execute("CHECKPOINT")
        cursor.execute("SHOW data_directory")
        (folder,) = cursor.fetchone()
    return b"".join(read(path) for path in Path(folder).rglob("*"))


def read(path: Path) -> bytes:
    """The bytes of a file; none where it is a folder, or is gone since it was listed."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return b""
