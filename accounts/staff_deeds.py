"""What staff do to people, teams and provider accounts besides changing their fields."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import operations
from accounts.access import get_user
from accounts.audit import record
from accounts.models import Action, ProviderAccount, Team, User
from core.deeds import ConfirmForm, Deed
from core.money import ZERO, format_usd


def _check_token(request: HttpRequest, account: ProviderAccount, fields: dict[str, Any]) -> str:
    actor = get_user(request)
    balance = operations.check_provider_account(account=account, actor=actor)
    with transaction.atomic():
        record(action=Action.TOKEN_CHECKED, team=account.team, actor=actor, obj=account)
    return _("The provider takes the token. Balance: %(balance)s.") % {
        "balance": format_usd(balance.balance or ZERO)
    }


def _end_all_sessions(request: HttpRequest, user: User, fields: dict[str, Any]) -> str:
    ended = operations.end_sessions(user=user, actor=get_user(request))
    return ngettext("%(count)d session ended.", "%(count)d sessions ended.", ended) % {
        "count": ended
    }


def _end_session(request: HttpRequest, session: UserSession, fields: dict[str, Any]) -> str:
    operations.end_sessions(user=session.user, actor=get_user(request), only=session)
    return _("The session has ended.")


def _withdraw_terms(request: HttpRequest, team: Team, fields: dict[str, Any]) -> str:
    operations.withdraw_terms(team=team, actor=get_user(request))
    return _("The team is asked for the terms again before it buys anything.")


CHECK_TOKEN = Deed(
    key="check",
    label=gettext_lazy("Check the token now"),
    needs="accounts.change_provideraccount",
    explain=lambda _account: gettext_lazy(
        "The provider is asked for the balance with the stored token. It costs nothing; an account that "
        "was suspended is in use again if the token is taken."
    ),
    do=_check_token,
    applies=lambda account: account.state != ProviderAccount.State.REMOVED,
    refusals=(operations.TokenNotAccepted,),
)
END_ALL_SESSIONS = Deed(
    key="end-sessions",
    label=gettext_lazy("End all sessions"),
    needs="accounts.change_user",
    explain=lambda _user: gettext_lazy(
        "Signs this person out in every browser, at once. Who knows the password can sign in again: to "
        "keep somebody out, make them inactive too."
    ),
    do=_end_all_sessions,
    form=ConfirmForm,
    is_grave=True,
)
END_SESSION = Deed(
    key="end",
    label=gettext_lazy("End this session"),
    needs="accounts.change_user",
    explain=lambda _session: gettext_lazy("Signs this person out in this one browser, at once."),
    do=_end_session,
    form=ConfirmForm,
    is_grave=True,
)
WITHDRAW_TERMS = Deed(
    key="withdraw-terms",
    label=gettext_lazy("Ask for the terms again"),
    needs="accounts.change_team",
    explain=lambda _team: gettext_lazy(
        "The team buys nothing until an owner or admin accepts the terms of fair use again and says what "
        "the numbers are for. Open numbers go on."
    ),
    do=_withdraw_terms,
    form=ConfirmForm,
    applies=lambda team: team.has_accepted_terms,
    is_grave=True,
)
