"""Teams and who is in them."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Role, Team, User
from accounts.operations.errors import LastOwner
from accounts.signals import access_changed


@transaction.atomic
def create_user_team(user: User) -> Team:
    """Create the personal team of a new ``user``, who owns it."""
    name = _("%(name)s’s team") % {"name": user.short_name[:60]}
    return _create(owner=user, name=name, is_personal=True)


@transaction.atomic
def create_team(*, owner: User, name: str) -> Team:
    """Create a team that ``owner`` owns."""
    return _create(owner=owner, name=name, is_personal=False)


@transaction.atomic
def change_role(*, actor: Membership, user_id: int, role: Role) -> None:
    """Give the member ``user_id`` of the actor's team another role.

    Only owners and admins change roles, and only owners those of owners or to owner: else
    ``PermissionDenied``. Raises ``LastOwner`` rather than leave the team without one, whatever
    else happens at the same moment, and ``Membership.DoesNotExist`` for someone who is no member.
    """
    members = _lock_members(actor.team)
    _check_may_manage(members, actor, user_id, role)
    member = members[user_id]
    if member.role == role:
        return
    if role != Role.OWNER:
        _check_not_last_owner(members, member)
    Membership.objects.filter(pk=member.pk).update(role=role)
    access_changed.send(Membership, team_id=actor.team_id, user_id=user_id)


@transaction.atomic
def remove_member(*, actor: Membership, user_id: int) -> None:
    """Take the member ``user_id`` out of the actor's team; anyone may take out themselves.

    Raises as ``change_role`` does.
    """
    members = _lock_members(actor.team)
    if user_id != actor.user_id:
        _check_may_manage(members, actor, user_id)
    member = _get(members, user_id)
    _check_not_last_owner(members, member)
    member.delete()
    access_changed.send(Membership, team_id=actor.team_id, user_id=user_id)


def _create(*, owner: User, name: str, is_personal: bool) -> Team:
    team = Team.objects.create(name=name, is_personal=is_personal)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    return team


def _lock_members(team: Team) -> dict[int, Membership]:
    # The team's row, not its members': two owners who leave at once must not pass each other.
    Team.objects.select_for_update().get(pk=team.pk)
    return {member.user_id: member for member in team.memberships.all()}


def _get(members: dict[int, Membership], user_id: int) -> Membership:
    try:
        return members[user_id]
    except KeyError:
        raise Membership.DoesNotExist from None


def _check_may_manage(
    members: dict[int, Membership], actor: Membership, user_id: int, role: Role | None = None
) -> None:
    # The actor as they are now: they may have lost their role since the page was opened.
    actor = _get(members, actor.user_id)
    may_give = role != Role.OWNER or actor.may(Role.OWNER)
    if not (may_give and actor.may_manage(_get(members, user_id))):
        raise PermissionDenied


def _check_not_last_owner(members: dict[int, Membership], member: Membership) -> None:
    owners = [one for one in members.values() if one.role == Role.OWNER]
    if owners == [member]:
        raise LastOwner(
            _("A team needs an owner. Make another member an owner first, then try again.")
        )
