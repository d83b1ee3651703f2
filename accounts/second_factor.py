"""Who needs a second factor, and whether they gave it in the session at hand.

Staff need one for the admin, members in a team that says so. It is asked of the session, not only of
the account: one that was opened with the password alone, before the factor was added, does not pass.
The demo user has no password and is signed in by one click, so nothing is asked of them; they exist only
where the provider is the sandbox on this machine.
"""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import Team, User

GIVEN = "second_factor_given"


class SecondFactorNeeded(PermissionDenied):
    """The team wants a second factor, and this session has given none."""

    def __init__(self, team: Team) -> None:
        super().__init__()
        self.team = team


def has_given(request: HttpRequest, user: User) -> bool:
    """Whether ``user``, who asks, has a second factor and gave it in this session, or is the demo user."""
    if user.is_demo:
        return True
    by_signing_in = any(
        record["method"] == "mfa" for record in get_authentication_records(request, user)
    )
    by_adding = request.session.get(GIVEN) == user.pk
    return (by_signing_in or by_adding) and is_mfa_enabled(user)


def connect() -> None:
    """From now on, adding a factor counts as giving it: it takes a code or the key itself."""
    authenticator_added.connect(on_added, dispatch_uid="second-factor")


def on_added(*, request: HttpRequest, user: User, **_: Any) -> None:
    """Somebody has just shown that they have the factor."""
    request.session[GIVEN] = user.pk
