"""Who sees messages in a team, and showing one that is somebody else's."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.audit import record
from accounts.models import Action, Membership, Team
from live import bus
from rentals.models import Message


@transaction.atomic
def set_private_messages(*, actor: Membership, private: bool) -> None:
    """Let members of the actor's team see only their own messages, or all of them again.

    Open pages read themselves anew. Raises ``PermissionDenied`` where the actor is no owner or admin
    (any more).
    """
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    _check_manages(team, actor)
    if team.private_messages == private:
        return
    Team.objects.filter(pk=team.pk).update(private_messages=private)
    for user_id in team.memberships.values_list("user", flat=True):
        bus.close_streams(user_id=user_id, team_id=team.pk)  # a page that comes back reads all anew
    record(
        action=Action.PRIVACY_SET,
        team=team,
        actor=actor.user,
        obj=team,
        before={"only their own": not private},
        after={"only their own": private},
    )


@transaction.atomic
def reveal_message(*, message: Message, actor: Membership, reason: str) -> None:
    """Write down that the actor reads a message of somebody else, and why; before it is shown.

    Raises ``PermissionDenied`` where the actor is no owner or admin (any more).
    """
    _check_manages(actor.team, actor)
    purchase = message.purchase
    record(
        action=Action.MESSAGE_REVEALED,
        team=actor.team,
        actor=actor.user,
        obj=purchase,
        after={
            "message": message.pk,
            "number": f"+{message.number}",
            "whose": purchase.whose.short_name,
            "why": reason,
        },
    )


def _check_manages(team: Team, actor: Membership) -> None:
    now = team.memberships.filter(user=actor.user_id).first()
    if now is None or not now.can_manage:
        raise PermissionDenied
