"""Setting an account aside, telling the owners, taking it back."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import operations, tasks
from accounts.models import ProviderAccount, Role, Team, User
from accounts.signals import money_changed
from tests.factories import add_member, make_token, make_user

if TYPE_CHECKING:
    from sandbox.server import Sandbox

State = ProviderAccount.State


class MailServerIsDown(BaseEmailBackend):
    def send_messages(self, messages: object) -> int:
        raise ConnectionRefusedError


@pytest.fixture
def money_signals() -> Iterator[list[int]]:
    heard: list[int] = []

    def hear(team_id: int, **_: object) -> None:
        heard.append(team_id)

    money_changed.connect(hear)
    yield heard
    money_changed.disconnect(hear)


def test_it_is_set_aside_once_and_the_pages_hear_of_it(
    account: ProviderAccount, money_signals: list[int]
) -> None:
    operations.suspend_account(account=account, code="401")
    same = ProviderAccount.objects.get()
    operations.suspend_account(account=same, code=50208)
    same.refresh_from_db()
    assert (same.state, same.suspended_code) == (State.SUSPENDED, 401)
    assert same.suspended_at is not None
    assert account.state == State.SUSPENDED
    assert money_signals == [account.team_id]


def test_the_wrong_token_code_of_another_call_suspends_nobody(
    account: ProviderAccount, sandbox: "Sandbox"
) -> None:
    sandbox.fault("get/balance", "unknown_code", code=400)
    with pytest.raises(operations.TokenNotAccepted, match="code 400"):
        operations.check_provider_account(account=account, actor=account.team.members.get())
    assert ProviderAccount.objects.get().state == State.ACTIVE


def test_an_answer_to_an_old_token_says_nothing_about_the_new_one(
    account: ProviderAccount, alice: User, sandbox: "Sandbox"
) -> None:
    asked_with_the_old_token = ProviderAccount.objects.get()
    new = make_token()
    sandbox.add_account(new)
    operations.replace_token(account=account, actor=alice, token=new)
    operations.suspend_account(account=asked_with_the_old_token, code=401)
    assert ProviderAccount.objects.get().state == State.ACTIVE


def test_an_old_balance_does_not_land_on_a_new_token(
    account: ProviderAccount, token: str, alice: User, sandbox: "Sandbox"
) -> None:
    old = ProviderAccount.objects.get()
    balance = operations.read_balance(account=old)
    new = make_token()
    sandbox.add_account(new, balance="3")
    operations.replace_token(account=account, actor=alice, token=new)
    operations.record_balance(account=old, balance=balance, asked_at=timezone.now())
    assert ProviderAccount.objects.get().balance == 3


def test_a_removed_account_stays_removed(account: ProviderAccount, alice: User) -> None:
    stale = ProviderAccount.objects.get()
    operations.remove_provider_account(account=account, actor=alice)
    operations.suspend_account(account=stale, code=401)
    operations.resume_account(account=stale)
    assert ProviderAccount.objects.get().state == State.REMOVED


def test_it_is_taken_back(account: ProviderAccount, money_signals: list[int]) -> None:
    operations.suspend_account(account=account, code=401)
    operations.resume_account(account=account)
    operations.resume_account(account=account)
    account.refresh_from_db()
    assert (account.state, account.suspended_code, account.suspended_at) == (
        *(State.ACTIVE, None, None),
    )
    assert len(money_signals) == 2


def test_the_owners_are_told_once_each_apart(account: ProviderAccount, team: Team) -> None:
    add_member(team, make_user("Olga"), Role.OWNER)
    add_member(team, make_user("Otto", is_active=False), Role.OWNER)
    add_member(team, make_user("Ada"), Role.ADMIN)
    operations.suspend_account(account=account, code=401)
    tasks.mail_suspension(str(account.pk))
    tasks.mail_suspension(str(account.pk))
    assert sorted(message.to for message in mail.outbox) == [
        ["alice@example.org"],
        ["olga@example.org"],
    ]
    body = mail.outbox[0].body
    assert mail.outbox[0].subject == "SMS-BUS turned away your account Main"
    assert "copy the token" in body
    assert "No money moved." in body
    assert f"http://127.0.0.1:8000/t/{team.slug}/accounts/{account.pk}/" in body


def test_the_mail_about_activation_says_what_to_do(account: ProviderAccount) -> None:
    operations.suspend_account(account=account, code=50208)
    tasks.mail_suspension(str(account.pk))
    assert "follow the activation link" in mail.outbox[0].body


def test_nobody_is_told_of_an_account_that_works(account: ProviderAccount) -> None:
    tasks.mail_suspension(str(account.pk))
    assert not mail.outbox


def test_a_second_suspension_is_told_too(account: ProviderAccount) -> None:
    for _ in range(2):
        operations.suspend_account(account=account, code=401)
        tasks.mail_suspension(str(account.pk))
        operations.resume_account(account=account)
    assert len(mail.outbox) == 2


def test_a_mail_server_that_is_down_loses_no_mail(
    account: ProviderAccount, settings: Settings
) -> None:
    operations.suspend_account(account=account, code=401)
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.MailServerIsDown"
    with pytest.raises(ConnectionRefusedError):
        tasks.mail_suspension(str(account.pk))
    tasks.refresh_balances()
    settings.EMAIL_BACKEND = works
    tasks.refresh_balances()
    assert len(mail.outbox) == 1


def test_a_rollback_tells_nobody(
    account: ProviderAccount, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        operations.suspend_account(account=account, code=401)
    assert len(callbacks) >= 1
    assert not mail.outbox
