"""Two people, or two clicks, at the same moment."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from accounts import operations
from accounts.models import ProviderAccount, Role
from tests.factories import add_member, make_team, make_token, make_user

if TYPE_CHECKING:
    from sandbox.server import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each of ``calls`` returned or raised, started together in threads of their own."""
    results: list[object] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int) -> None:
        start.wait(5)
        try:
            results[place] = calls[place]()
        except operations.Refusal as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_owners_who_leave_at_once_do_not_both_get_out() -> None:
    team = make_team()
    add_member(team, make_user(), Role.OWNER)
    owners = list(team.memberships.select_related("team"))
    results = at_once(
        *(
            lambda owner=owner: operations.remove_member(actor=owner, user_id=owner.user_id)
            for owner in owners
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["LastOwner", "NoneType"]
    assert team.memberships.get().role == Role.OWNER


def test_a_form_that_is_sent_twice_adds_one_account(sandbox: "Sandbox") -> None:
    team, actor, token = make_team(), make_user(), make_token()
    sandbox.add_account(token)

    def add() -> ProviderAccount:
        return operations.add_provider_account(team=team, actor=actor, name="Main", token=token)

    results = at_once(add, add)
    assert sorted(type(result).__name__ for result in results) == [
        "ProviderAccount",
        "TokenNotAccepted",
    ]
    assert team.provider_accounts.count() == 1


def test_owners_are_told_once_by_two_workers(mailoutbox: list[object], sandbox: "Sandbox") -> None:
    account = ProviderAccount(team=make_team(), name="Main")
    account.set_token(make_token())
    account.save()
    operations.suspend_account(account=account, code=401)

    def tell() -> bool:
        return operations.tell_owners(account_id=account.pk)

    assert sorted(map(str, at_once(tell, tell, tell))) == ["False", "False", "True"]
    assert len(mailoutbox) == 1
