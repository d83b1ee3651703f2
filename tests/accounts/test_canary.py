"""A provider token is seen by the provider and by nobody else."""

import base64
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import redis
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client

from accounts import operations, tasks
from accounts.models import ProviderAccount, Team, User
from accounts.provider import client_for, client_with
from accounts.views import provider_accounts
from core import redaction
from tests.factories import make_user

if TYPE_CHECKING:
    from sandbox.server import Sandbox

CANARY = "canary-7f3e91c04b5d42aa"
NEW_CANARY = "canary-d8a16be0527c49f3"
REFERRAL = "canary-referral-5561"
SECRETS = (CANARY, NEW_CANARY, REFERRAL)
FAULTS = ("http_error", "reset", "malformed", "redirect", "unknown_code", "enormous", "missing")


def forms(secret: str) -> list[bytes]:
    """The secret in clear, in hex, and inside of base64 wherever it begins there."""
    clear = secret.encode()
    # Only the characters that are the secret's alone, and all of them: of a short one few are left.
    in_base64 = [
        base64.b64encode(b"x" * shift + clear)[-(-8 * shift // 6) : 8 * (shift + len(clear)) // 6]
        for shift in range(3)
    ]
    return [clear, clear.hex().encode(), *in_base64]


def leaks(text: str | bytes) -> list[str]:
    """The secrets that are in ``text`` in any form."""
    data = text if isinstance(text, bytes) else text.encode()
    return [secret for secret in SECRETS for form in forms(secret) if form in data]


def everything_in_the_database() -> bytes:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [value for row in cursor.fetchall() for value in row]
    return b"\n".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for value in found
    )


def everything_in_redis() -> bytes:
    store = redis.Redis.from_url(settings.REDIS_URL)
    read = {
        b"string": store.get,
        b"hash": store.hgetall,
        b"set": store.smembers,
        b"list": lambda key: store.lrange(key, 0, -1),
        b"zset": lambda key: store.zrange(key, 0, -1, withscores=True),
    }
    return b"\n".join(
        repr((key, read[store.type(key)](key))).encode() for key in store.scan_iter(count=1000)
    )


@pytest.mark.django_db(transaction=True)
def test_the_token_is_nowhere(
    team: Team,
    sam: User,
    client_of: Callable[[User], Client],
    sandbox: "Sandbox",
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.add_account(CANARY)
    sandbox.add_account(NEW_CANARY)
    browser, pages = client_of(team.members.get()), []
    accounts = f"/t/{team.slug}/accounts/"

    def visit(path: str, data: dict[str, str] | None = None) -> None:
        response = browser.get(path) if data is None else browser.post(path, data, follow=True)
        pages.append(response.content + repr(response.headers).encode())

    fields = {"name": "Main", "token": CANARY, "refer_id": REFERRAL}
    for fault in FAULTS:
        sandbox.fault("get/balance", fault)
        visit(f"{accounts}add/", fields)
    visit(f"{accounts}add/", fields | {"name": ""})  # the form comes back
    visit(f"{accounts}add/", fields)
    account = ProviderAccount.objects.get()
    visit(f"{accounts}{account.pk}/")
    for fault in FAULTS:
        sandbox.fault("get/balance", fault, times=2)
        visit(f"{accounts}{account.pk}/check/", {})
        tasks.refresh_balance(str(account.pk))
    sandbox.update_account(CANARY, revoked=True)
    visit(f"{accounts}{account.pk}/check/", {})
    tasks.mail_suspension(str(account.pk))
    visit(f"{accounts}{account.pk}/", {"name": "Main", "token": CANARY})
    visit(f"{accounts}{account.pk}/", {"name": "Main", "token": NEW_CANARY})
    browser = client_of(sam)
    for path in ("", f"{account.pk}/change/", "?q=canary"):
        visit(f"/admin/accounts/provideraccount/{path}")
    account.refresh_from_db()

    assert account.token() == NEW_CANARY  # all of it really happened
    assert len(mail.outbox) == 1
    assert b"mail_suspension" in everything_in_redis()
    assert account.token_fingerprint.encode() in everything_in_the_database()
    assert not leaks(b"".join(pages))
    assert not leaks(caplog.text)
    assert not leaks("".join(repr(record.__dict__) for record in caplog.records))
    assert not leaks("".join(f"{sent.subject} {sent.body}" for sent in mail.outbox))
    assert not leaks(everything_in_redis())
    assert not leaks(everything_in_the_database())
    assert not leaks(f"{account!r} {account} {account.__dict__}")


def test_an_unexpected_error_does_not_show_it(
    team: Team,
    client_of: Callable[[User], Client],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**fields: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(provider_accounts.operations, "add_provider_account", fail)
    browser = client_of(team.members.get())
    browser.raise_request_exception = False
    response = browser.post(f"/t/{team.slug}/accounts/add/", {"name": "A", "token": CANARY})
    assert response.status_code == 500
    assert "out of order" in caplog.text
    assert not leaks(response.content)
    assert not leaks(caplog.text)


def test_a_refusal_does_not_carry_it(team: Team, sandbox: "Sandbox") -> None:
    with pytest.raises(operations.TokenNotAccepted) as caught:
        operations.add_provider_account(team=team, actor=make_user(), name="A", token=CANARY)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert not leaks("".join(f"{link!r} {link.__dict__}" for link in chain if link))


@pytest.mark.parametrize("opens", ["client_for", "client_with", "token"])
def test_a_token_that_was_opened_is_taken_out_of_the_logs(
    account: ProviderAccount, monkeypatch: pytest.MonkeyPatch, opens: str
) -> None:
    """Even where it is not in an address: whoever opens a token tells the filter."""
    monkeypatch.setattr(redaction, "_registered", set())
    account.set_token(CANARY)
    if opens == "client_for":
        client_for(account)
    elif opens == "client_with":
        client_with(CANARY)
    else:
        account.token()
    assert redaction.redact(f"a library says {CANARY}!") == f"a library says {redaction.MASK}!"
