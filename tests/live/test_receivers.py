"""Whoever loses a right loses the streams that it opened, by whatever way it goes."""

from collections.abc import Callable

import pytest
from django.contrib.auth import logout
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client

from accounts.models import Membership, Role, Team, User
from accounts.operations import change_role, remove_member
from accounts.signals import money_changed
from tests.live.conftest import Ears

pytestmark = pytest.mark.django_db(transaction=True)
CLOSE = "busstop:live:close"


def test_signing_out(client_of: Callable[[User], Client], alice: User, ears: Ears) -> None:
    request = HttpRequest()
    request.user, request.session = alice, SessionStore()
    logout(request)
    assert ears.heard() == [(CLOSE, str(alice.pk))]


def test_deactivation(alice: User, ears: Ears) -> None:
    alice.save()
    assert ears.heard() == []
    alice.is_active = False
    alice.save()
    assert ears.heard() == [(CLOSE, str(alice.pk))]


def test_removal_from_a_team(alice: User, bob: User, team: Team, ears: Ears) -> None:
    actor = Membership.objects.get(team=team, user=alice)
    remove_member(actor=actor, user_id=bob.pk)
    assert ears.heard() == [(CLOSE, f"{bob.pk}:{team.pk}")]


def test_another_role(alice: User, bob: User, team: Team, ears: Ears) -> None:
    actor = Membership.objects.get(team=team, user=alice)
    change_role(actor=actor, user_id=bob.pk, role=Role.VIEWER)
    assert ears.heard() == [(CLOSE, f"{bob.pk}:{team.pk}")]


def test_a_membership_that_is_deleted_in_any_other_way(bob: User, team: Team, ears: Ears) -> None:
    gone = (CLOSE, f"{bob.pk}:{team.pk}")
    bob.delete()
    assert gone in ears.heard()


def test_a_new_balance_is_told_to_the_team(team: Team, ears: Ears) -> None:
    money_changed.send(Team, team_id=team.pk)
    assert ears.heard() == [(f"busstop:live:{team.pk}", "money")]
