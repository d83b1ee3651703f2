"""The cast: Alice owns, Bob is a member, Vera views, Charlie is an outsider, Sam is staff."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import ProviderAccount, Role, Team, User
from tests.factories import add_member, make_provider_account, make_team, make_token, make_user
from tests.signing_in import sign_in

if TYPE_CHECKING:
    from sandbox.server import Sandbox

__all__ = ["account", "alice", "bob", "charlie", "client_of", "sam", "team", "token", "vera"]


@pytest.fixture
def alice(db: None) -> User:
    """Owns the team."""
    return make_user("Alice")


@pytest.fixture
def bob(team: Team) -> User:
    """Is a member of the team: buys, does not manage."""
    return add_member(team, make_user("Bob"), Role.MEMBER).user


@pytest.fixture
def vera(team: Team) -> User:
    """Views the team's numbers."""
    return add_member(team, make_user("Vera"), Role.VIEWER).user


@pytest.fixture
def charlie(db: None) -> User:
    """Is in another team."""
    charlie = make_user("Charlie")
    make_team(charlie, "Elsewhere")
    return charlie


@pytest.fixture
def sam(db: None) -> User:
    """Is staff, and in no team."""
    return make_user("Sam", is_staff=True, is_superuser=True)


@pytest.fixture
def team(alice: User) -> Team:
    """Alice's team; Bob and Vera join when a test asks for them."""
    return make_team(alice, "Departures")


@pytest.fixture
def token(sandbox: "Sandbox") -> str:
    """A token that the sandbox knows, with 10 dollars."""
    token = make_token()
    sandbox.add_account(token)
    return token


@pytest.fixture
def account(team: Team, token: str) -> ProviderAccount:
    """The team's provider account, with a token that the sandbox knows."""
    return make_provider_account(team, token, name="Main")


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which someone is signed in: ``client_of(alice).get(…)``."""

    def browser(user: User) -> Client:
        client = Client()
        sign_in(client, user)
        return client

    return browser
