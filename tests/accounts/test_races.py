"""Two people, or two clicks, at the same moment."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from accounts import operations
from accounts.models import Invitation, ProviderAccount, Role
from tests.factories import (
    add_member,
    make_invitation,
    make_offer,
    make_provider_account,
    make_team,
    make_token,
    make_user,
)

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


def test_who_leaves_while_another_owner_does_waits_and_is_told() -> None:
    team = make_team()
    add_member(team, make_user(), Role.OWNER)
    first, second = team.memberships.select_related("team")

    def leave() -> None:
        try:
            operations.remove_member(actor=second, user_id=second.user_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            operations.remove_member(actor=first, user_id=first.user_id)
            leaving = pool.submit(leave)
            wait([leaving], timeout=1)  # it would not take so long if it did not wait for us
        with pytest.raises(operations.LastOwner):
            leaving.result()
    assert team.memberships.get() == second


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


def test_an_invitation_that_is_accepted_twice_at_once_makes_one_member() -> None:
    team, guest = make_team(), make_user()
    invitation, _token = make_invitation(team, guest.email)

    def accept() -> object:
        return operations.accept_invitation(invitation=invitation, user=guest).pk

    first, second = at_once(accept, accept)
    assert first == second == team.memberships.get(user=guest).pk


def test_an_invitation_that_is_withdrawn_while_it_is_accepted_is_one_or_the_other() -> None:
    team, guest = make_team(), make_user()
    invitation, _token = make_invitation(team, guest.email)
    owner = team.memberships.get()

    def revoke() -> str:
        try:
            operations.revoke_invitation(actor=owner, invitation_id=invitation.pk)
        except Invitation.DoesNotExist:
            return "too late"
        return "withdrawn"

    accepted, withdrawn = at_once(
        lambda: operations.accept_invitation(invitation=invitation, user=guest), revoke
    )
    if withdrawn == "withdrawn":
        assert isinstance(accepted, operations.InvitationOver)
        assert not team.memberships.filter(user=guest).exists()
    else:
        assert team.memberships.filter(user=guest).exists()


def test_who_accepts_while_it_is_withdrawn_waits_and_is_told() -> None:
    team, guest = make_team(), make_user()
    invitation, _token = make_invitation(team, guest.email)

    def accept() -> None:
        try:
            operations.accept_invitation(invitation=invitation, user=guest)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            operations.revoke_invitation(actor=team.memberships.get(), invitation_id=invitation.pk)
            accepting = pool.submit(accept)
            wait([accepting], timeout=1)
        with pytest.raises(operations.InvitationOver):
            accepting.result()
    assert not team.memberships.filter(user=guest).exists()


def test_a_team_that_is_deleted_while_somebody_buys_is_one_or_the_other() -> None:
    from rentals.models import Purchase
    from rentals.operations.errors import Refusal
    from rentals.operations.purchase import request_number

    team = make_team()
    owner, account, offer = team.memberships.get(), make_provider_account(team), make_offer()

    def buy() -> object:
        try:
            return request_number(
                team=team,
                buyer=owner.user,
                account=account,
                offer=offer,
                quoted=offer.cost,
                client_key=uuid.uuid4(),
            )
        except Refusal as refusal:
            return refusal

    bought, deleted = at_once(buy, lambda: operations.close_team(actor=owner))
    team.refresh_from_db()
    if deleted is None:
        assert isinstance(bought, Refusal)
        assert (team.closed_at is not None, Purchase.objects.count()) == (True, 0)
    else:
        assert isinstance(deleted, operations.StillInUse)
        assert (team.closed_at, Purchase.objects.count()) == (None, 1)


def test_who_buys_while_the_team_is_deleted_waits_and_is_refused() -> None:
    from rentals.operations.errors import Refusal
    from rentals.operations.purchase import request_number

    team = make_team()
    owner, account, offer = team.memberships.get(), make_provider_account(team), make_offer()

    def buy() -> None:
        try:
            request_number(
                team=team,
                buyer=owner.user,
                account=account,
                offer=offer,
                quoted=offer.cost,
                client_key=uuid.uuid4(),
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            operations.close_team(actor=owner)
            buying = pool.submit(buy)
            wait([buying], timeout=1)
        with pytest.raises(Refusal, match="This team was deleted"):
            buying.result()
