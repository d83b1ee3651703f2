"""Reading balances: one, and all that are due."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from accounts import operations, tasks
from accounts.models import ProviderAccount, Team
from smsbus import Balance
from tests.factories import make_provider_account, make_team, make_token

if TYPE_CHECKING:
    from sandbox.server import Sandbox

State = ProviderAccount.State


def make_known_account(sandbox: "Sandbox", team: Team, balance: str = "1") -> ProviderAccount:
    token = make_token()
    sandbox.add_account(token, balance)
    return make_provider_account(team, token)


def test_the_balance_is_kept_with_what_is_held_and_when(
    account: ProviderAccount, token: str
) -> None:
    tasks.refresh_balance(str(account.pk))
    account.refresh_from_db()
    assert (account.balance, account.frozen) == (10, 0)
    assert timezone.now() - account.balance_at < timedelta(seconds=10)


def test_a_balance_that_was_overtaken_is_not_kept(account: ProviderAccount) -> None:
    """Of two readings the one that was asked for later counts, whichever is answered first."""
    first, second = timezone.now() - timedelta(seconds=9), timezone.now() - timedelta(seconds=3)
    for asked_at, balance in ((second, 5), (first, 9)):
        operations.record_balance(
            account=account, balance=Balance(Decimal(balance), Decimal(0)), asked_at=asked_at
        )
    account.refresh_from_db()
    assert (account.balance, account.balance_at) == (5, second)


def test_a_clock_that_was_ahead_does_not_hold_up_later_balances(account: ProviderAccount) -> None:
    ahead = timezone.now() + timedelta(hours=1)
    for asked_at, balance in ((ahead, 5), (timezone.now(), 9)):
        operations.record_balance(
            account=account, balance=Balance(Decimal(balance), Decimal(0)), asked_at=asked_at
        )
    account.refresh_from_db()
    assert account.balance == 9


def test_every_due_balance_is_read(team: Team, sandbox: "Sandbox") -> None:
    accounts = [make_known_account(sandbox, make_team(), str(n)) for n in range(1, 6)]
    tasks.refresh_balances()
    for account in accounts:
        account.refresh_from_db()
    assert [account.balance for account in accounts] == [1, 2, 3, 4, 5]
    tasks.refresh_balances()
    assert len(sandbox.calls) == 5  # none of them was due again


def test_which_accounts_are_due(team: Team, sandbox: "Sandbox") -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    never = make_known_account(sandbox, team)
    old = make_provider_account(team, balance_at=long_ago)
    waiting = make_provider_account(team, state=State.SUSPENDED, suspended_code=50208)
    make_provider_account(team, balance_at=timezone.now())
    make_provider_account(team, state=State.SUSPENDED, suspended_code=401)
    make_provider_account(team, state=State.REMOVED)
    assert set(ProviderAccount.objects.due()) == {never, old, waiting}


def test_a_balance_does_not_prove_activation(team: Team, sandbox: "Sandbox") -> None:
    account = make_known_account(sandbox, team)
    operations.suspend_account(account=account, code=50208)
    tasks.refresh_balances()
    account.refresh_from_db()
    assert (account.balance, account.state) == (1, State.SUSPENDED)


def test_a_refused_token_suspends_its_account_and_stops_nothing_else(
    team: Team, sandbox: "Sandbox"
) -> None:
    refused = make_provider_account(team)
    good = [make_known_account(sandbox, team) for _ in range(3)]
    tasks.refresh_balances()
    refused.refresh_from_db()
    assert (refused.state, refused.suspended_code) == (State.SUSPENDED, 401)
    for account in good:
        account.refresh_from_db()
        assert account.balance == 1


def test_a_token_that_cannot_be_opened_stops_nothing_else(team: Team, sandbox: "Sandbox") -> None:
    broken = make_provider_account(team)
    ProviderAccount.objects.filter(pk=broken.pk).update(token_sealed=b"\x01broken")
    good = make_known_account(sandbox, team)
    assert operations.read_due_balances() == 1
    good.refresh_from_db()
    assert good.balance == 1
    broken.refresh_from_db()
    with pytest.raises(operations.TokenNotAccepted, match="Enter the token again"):
        operations.check_provider_account(account=broken, actor=team.members.get())


def test_one_bad_answer_stops_nothing_else(team: Team, sandbox: "Sandbox") -> None:
    for _ in range(4):
        make_known_account(sandbox, team)
    sandbox.fault("get/balance", "http_error", times=2)
    assert operations.read_due_balances() == 2
    assert operations.read_due_balances() == 2


def test_a_provider_that_is_down_is_left_alone_until_the_next_round(
    team: Team, sandbox: "Sandbox"
) -> None:
    for _ in range(6):
        make_known_account(sandbox, team)
    sandbox.fault("get/balance", "http_error", times=None)
    assert operations.read_due_balances() == 0
    assert len(sandbox.calls) == 3
    sandbox.clear_faults()
    assert operations.read_due_balances() == 6


def test_the_last_balance_stays_when_the_provider_is_down(
    account: ProviderAccount, token: str, sandbox: "Sandbox"
) -> None:
    tasks.refresh_balance(str(account.pk))
    sandbox.fault("get/balance", "malformed", times=None)
    tasks.refresh_balance(str(account.pk))
    account.refresh_from_db()
    assert (account.balance, account.state) == (10, State.ACTIVE)


def test_no_account_is_read_that_cannot_buy(account: ProviderAccount, sandbox: "Sandbox") -> None:
    operations.suspend_account(account=account, code=401)
    tasks.refresh_balance(str(account.pk))
    assert not sandbox.calls
