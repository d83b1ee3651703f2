"""The life of a team: its name, who owns it, its end."""

import logging

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Action, Membership, Role, Team
from accounts.operations.errors import IsPersonal, StillInUse
from accounts.operations.provider_accounts import wipe_account
from accounts.operations.teams import get_member, lock_members
from accounts.signals import access_changed
from accounts.stakes import stakes_of

logger = logging.getLogger(__name__)


@transaction.atomic
def rename_team(*, actor: Membership, name: str) -> None:
    """Call the actor's team ``name``. Raises ``PermissionDenied`` where they may not (any more)."""
    members = lock_members(actor.team)
    if not get_member(members, actor.user_id).can_manage:
        raise PermissionDenied
    before = Team.objects.get(pk=actor.team_id).name
    if before == name:
        return
    Team.objects.filter(pk=actor.team_id).update(name=name)
    record(
        action=Action.TEAM_RENAMED,
        team=actor.team,
        actor=actor.user,
        obj=actor.team,
        before={"name": before},
        after={"name": name},
    )


@transaction.atomic
def transfer_ownership(*, actor: Membership, user_id: int) -> None:
    """Make the member ``user_id`` an owner and the actor an admin, in one step.

    Raises ``PermissionDenied`` where the actor is no owner (any more) or names themselves,
    ``Membership.DoesNotExist`` for someone who is no member, and ``IsPersonal``.
    """
    members = lock_members(actor.team)
    giver = get_member(members, actor.user_id)
    receiver = get_member(members, user_id)
    if not giver.may(Role.OWNER) or giver == receiver:
        raise PermissionDenied
    if actor.team.is_personal:
        raise IsPersonal(_("A personal team stays with its owner. Nothing was changed."))
    Membership.objects.filter(pk=receiver.pk).update(role=Role.OWNER)
    Membership.objects.filter(pk=giver.pk).update(role=Role.ADMIN)
    for member in (giver, receiver):
        access_changed.send(Membership, team_id=actor.team_id, user_id=member.user_id)
    record(
        action=Action.OWNERSHIP_TRANSFERRED,
        team=actor.team,
        actor=actor.user,
        obj=receiver.user,
        before={"owner": actor.user.email},
        after={"owner": receiver.user.email},
    )


@transaction.atomic
def close_team(*, actor: Membership, give_up_leases: bool = False) -> None:
    """End the actor's team: tokens, memberships and invitations go, the books stay.

    Raises ``PermissionDenied`` unless the actor is an owner, ``IsPersonal``, and ``StillInUse``
    while money is reserved, a number is waited for, or leases run and ``give_up_leases`` is not said.
    Whoever buys at the same moment waits for this, and then finds the team closed; or comes first,
    and then this finds the purchase.
    """
    # Its key is left alone: a settlement that is under way checks that, and has rows that we need.
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    members = {member.user_id: member for member in team.memberships.select_for_update()}
    if not get_member(members, actor.user_id).may(Role.OWNER):
        raise PermissionDenied
    if team.is_personal:
        raise IsPersonal(_("A personal team stays as long as its owner. Nothing was changed."))
    stakes = stakes_of(team)
    if stakes.block_the_end or (stakes.leases and not give_up_leases):
        raise StillInUse(_("Numbers are still open in this team, so nothing was deleted."))
    Team.objects.filter(pk=team.pk).update(closed_at=timezone.now())
    for account in stakes.accounts:
        wipe_account(account, actor=actor.user)
    team.invitations.open().delete()
    team.memberships.all().delete()
    for user_id in members:
        access_changed.send(Membership, team_id=team.pk, user_id=user_id)
    facts = {"members": len(members), "leases": stakes.leases}
    record(action=Action.TEAM_CLOSED, team=team, actor=actor.user, obj=team, before=facts)
    logger.info("team %s was deleted by user %s", team.pk, actor.user_id)
