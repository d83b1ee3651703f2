"""manage.py rotate_keys: every secret under the new key, while the site runs."""

import threading
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import ProviderAccount, Team
from core import crypto
from core.management.commands.rotate_keys import sealed_models
from rentals.models import Purchase
from tests.factories import make_provider_account, make_purchase, make_team

OLD, NEW = bytes(32), bytes(range(32))
TOKENS = 10_000


@pytest.fixture
def old_key(settings: Settings) -> None:
    settings.TOKEN_KEYS = {"old": OLD}


def rotate(*options: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *options, stdout=out, stderr=out)
    return out.getvalue()


def keys_of(account: ProviderAccount) -> tuple[str, str]:
    account.refresh_from_db()
    return crypto.sealed_with(account.token_sealed), crypto.sealed_with(account.refer_id_sealed)


@pytest.mark.django_db
def test_every_secret_is_sealed_anew(old_key: None, team: Team, settings: Settings) -> None:
    account = make_provider_account(team, "token-1", refer_id="friend")
    purchase = make_purchase(team, account=account)
    purchase.keep_answer("what it said")
    purchase.save()
    settings.TOKEN_KEYS = {"new": NEW, "old": OLD}

    assert rotate("--check") == (
        "3 secrets, 0 sealed anew\n  key 'new': not needed\n  key 'old': 3 secrets\n"
    )
    assert rotate() == "3 secrets, 3 sealed anew\n  key 'new': 3 secrets\n  key 'old': not needed\n"
    assert rotate().startswith("3 secrets, 0 sealed anew")

    settings.TOKEN_KEYS = {"new": NEW}
    assert keys_of(account) == ("new", "new")
    assert (account.token(), account.refer_id()) == ("token-1", "friend")
    assert Purchase.objects.get().answer() == "what it said"


@pytest.mark.django_db
def test_what_cannot_be_opened_is_named_and_left_alone(
    old_key: None, team: Team, settings: Settings
) -> None:
    lost = make_provider_account(team, "lost-token")
    settings.TOKEN_KEYS = {"older": bytes([7]) * 32}
    good = make_provider_account(team, "good-token")
    settings.TOKEN_KEYS = {"new": NEW, "older": bytes([7]) * 32}
    said = StringIO()

    with pytest.raises(CommandError, match="1 secrets could not be opened"):
        call_command("rotate_keys", stdout=said, stderr=said)

    assert f"{lost.pk} token_sealed: the key it was sealed with is not in TOKEN_KEYS" in (
        said.getvalue()
    )
    assert "token-" not in said.getvalue().replace("token_", "")
    lost.refresh_from_db()
    good.refresh_from_db()
    assert crypto.sealed_with(lost.token_sealed) == "old"
    assert good.token() == "good-token"


def test_every_sealed_column_takes_part() -> None:
    for model in sealed_models():
        named = {field.name for field in model._meta.fields if field.name.endswith("_sealed")}
        assert set(model().sealed_columns()) == named  # type: ignore[attr-defined]
    assert {model.__name__ for model in sealed_models()} >= {"ProviderAccount", "Purchase"}


class SiteAtWork:
    """Two threads that open and replace tokens until it is left."""

    def __init__(self, accounts: list[ProviderAccount]) -> None:
        self.keys = [account.pk for account in accounts]
        self.opened = 0
        self.replaced: dict[int, str] = {}
        self.failures: list[Exception] = []
        self._ended = threading.Event()
        work = (self._open_tokens, self._replace_tokens)
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in work]

    def __enter__(self) -> "SiteAtWork":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, work: Callable[[int], None]) -> None:
        turn = 0
        try:
            while not self._ended.is_set():
                work(turn)
                turn += 1
        except Exception as error:
            self.failures.append(error)
        finally:
            connection.close()

    def _open_tokens(self, turn: int) -> None:
        number = (turn * 7919) % TOKENS
        token = ProviderAccount.objects.get(pk=self.keys[number]).token()
        assert token in (f"token-{number}", f"other-{number}")
        self.opened += 1

    def _replace_tokens(self, turn: int) -> None:
        number = (turn * 101) % TOKENS
        account = ProviderAccount.objects.get(pk=self.keys[number])
        account.set_token(f"other-{number}")
        account.save(update_fields=["token_sealed", "token_last4", "token_fingerprint"])
        self.replaced[number] = f"other-{number}"


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_tokens_with_the_site_at_work_and_no_failed_request(
    old_key: None, settings: Settings
) -> None:
    team = make_team()
    accounts = [ProviderAccount(team=team, name=f"Account {n}") for n in range(TOKENS)]
    for number, account in enumerate(accounts):
        account.set_token(f"token-{number}")
    ProviderAccount.objects.bulk_create(accounts, batch_size=500)
    settings.TOKEN_KEYS = {"new": NEW, "old": OLD}

    with SiteAtWork(accounts) as site:
        said = rotate()

    assert site.failures == []
    assert site.opened
    assert site.replaced
    assert said.startswith(f"{TOKENS} secrets, ")
    settings.TOKEN_KEYS = {"new": NEW}
    tokens = {account.pk: account.token() for account in ProviderAccount.objects.iterator()}
    assert tokens == {
        account.pk: site.replaced.get(number, f"token-{number}")
        for number, account in enumerate(accounts)
    }
