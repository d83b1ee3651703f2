"""Signing people out from afar."""

from allauth.usersessions.models import UserSession
from django.db import transaction

from accounts.audit import record
from accounts.models import Action, User


@transaction.atomic
def end_sessions(*, user: User, actor: User, only: UserSession | None = None) -> int:
    """End all sessions of ``user``, or ``only`` one of them; return how many there were.

    Whoever listens in them is cut off too (``live.receivers``). Who knows the password can sign in
    again: to keep somebody out, make the user inactive.
    """
    sessions = UserSession.objects.filter(user=user)
    if only is not None:
        sessions = sessions.filter(pk=only.pk)
    ended = list(sessions.select_for_update())
    for session in ended:
        session.end()
    record(action=Action.SESSIONS_ENDED, actor=actor, obj=user, after={"sessions": len(ended)})
    return len(ended)
