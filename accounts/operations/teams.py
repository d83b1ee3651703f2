"""Teams and who is in them."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Action, Membership, Role, Team, User
from accounts.models.team import TERMS_VERSION
from accounts.operations.errors import LastOwner
from accounts.operations.provider_accounts import close_private_accounts
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
def accept_terms(*, actor: Membership, purpose: str) -> None:
    """Accept the terms of fair use for the actor's team, which says what it uses numbers for.

    Again is harmless and changes the purpose. Raises ``PermissionDenied`` where the actor is no
    owner or admin (any more).
    """
    members = lock_members(actor.team)
    if not get_member(members, actor.user_id).can_manage:
        raise PermissionDenied
    before = Team.objects.get(pk=actor.team_id)
    Team.objects.filter(pk=actor.team_id).update(
        purpose=purpose,
        terms_version=TERMS_VERSION,
        terms_accepted_at=timezone.now(),
        terms_accepted_by=actor.user,
    )
    record(
        action=Action.TERMS_ACCEPTED,
        team=actor.team,
        actor=actor.user,
        obj=actor.team,
        before={"purpose": before.purpose, "terms": before.terms_version},
        after={"purpose": purpose, "terms": TERMS_VERSION},
    )


@transaction.atomic
def withdraw_terms(*, team: Team, actor: User) -> None:
    """Ask ``team`` to accept the terms of fair use again, and let it buy nothing until it does."""
    row = Team.objects.select_for_update().get(pk=team.pk)
    Team.objects.filter(pk=row.pk).update(
        terms_version="", terms_accepted_at=None, terms_accepted_by=None
    )
    record(
        action=Action.TERMS_WITHDRAWN,
        team=row,
        actor=actor,
        obj=row,
        before={"terms": row.terms_version},
        after={"terms": ""},
    )


@transaction.atomic
def change_role(*, actor: Membership, user_id: int, role: Role) -> None:
    """Give the member ``user_id`` of the actor's team another role.

    Only owners and admins change roles, and only owners those of owners or to owner: else
    ``PermissionDenied``. Raises ``LastOwner`` rather than leave the team without one, whatever
    else happens at the same moment, and ``Membership.DoesNotExist`` for someone who is no member.
    """
    members = lock_members(actor.team)
    _check_may_manage(members, actor, user_id, role)
    member = members[user_id]
    if member.role == role:
        return
    if role != Role.OWNER:
        _check_not_last_owner(members, member)
    Membership.objects.filter(pk=member.pk).update(role=role)
    access_changed.send(Membership, team_id=actor.team_id, user_id=user_id)
    record(
        action=Action.ROLE_CHANGED,
        team=actor.team,
        actor=actor.user,
        obj=member.user,
        before={"role": member.role},
        after={"role": role},
    )


@transaction.atomic
def remove_member(*, actor: Membership, user_id: int) -> None:
    """Take the member ``user_id`` out of the actor's team; anyone may take out themselves.

    Raises as ``change_role`` does.
    """
    members = lock_members(actor.team)
    if user_id != actor.user_id:
        _check_may_manage(members, actor, user_id)
    member = get_member(members, user_id)
    _check_not_last_owner(members, member)
    member.delete()
    transaction.on_commit(close_private_accounts, robust=True)
    access_changed.send(Membership, team_id=actor.team_id, user_id=user_id)
    record(
        action=Action.MEMBER_LEFT if user_id == actor.user_id else Action.MEMBER_REMOVED,
        team=actor.team,
        actor=actor.user,
        obj=member.user,
        before={"role": member.role},
    )


@transaction.atomic
def require_second_factor(*, actor: Membership, required: bool) -> None:
    """Let the members of the actor's team in only with a second factor, or without one again.

    Only owners may: else ``PermissionDenied``. Streams of members end, for their right to be looked at
    again; those who have given a second factor come back by themselves.
    """
    members = lock_members(actor.team)
    if not get_member(members, actor.user_id).may(Role.OWNER):
        raise PermissionDenied
    team = Team.objects.filter(pk=actor.team_id, needs_second_factor=not required)
    if not team.update(needs_second_factor=required):
        return
    for user_id in members:
        access_changed.send(Membership, team_id=actor.team_id, user_id=user_id)
    record(
        action=Action.FACTOR_REQUIRED,
        team=actor.team,
        actor=actor.user,
        obj=actor.team,
        before={"required": not required},
        after={"required": required},
    )


def _create(*, owner: User, name: str, is_personal: bool) -> Team:
    team = Team.objects.create(name=name, is_personal=is_personal)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    record(action=Action.TEAM_CREATED, team=team, actor=owner, obj=team)
    return team


def lock_members(team: Team) -> dict[int, Membership]:
    """Return the members of ``team`` by user; until the commit nobody else changes who they are."""
    # The team's row, not its members': two owners who leave at once must not pass each other.
    Team.objects.select_for_update().get(pk=team.pk)
    return {member.user_id: member for member in team.memberships.all()}


def get_member(members: dict[int, Membership], user_id: int) -> Membership:
    """Return one of them; raises ``Membership.DoesNotExist``."""
    try:
        return members[user_id]
    except KeyError:
        raise Membership.DoesNotExist from None


def _check_may_manage(
    members: dict[int, Membership], actor: Membership, user_id: int, role: Role | None = None
) -> None:
    # The actor as they are now: they may have lost their role since the page was opened.
    actor = get_member(members, actor.user_id)
    may_give = role != Role.OWNER or actor.may(Role.OWNER)
    if not (may_give and actor.may_manage(get_member(members, user_id))):
        raise PermissionDenied


def _check_not_last_owner(members: dict[int, Membership], member: Membership) -> None:
    owners = [one for one in members.values() if one.role == Role.OWNER]
    if owners == [member]:
        raise LastOwner(
            _("A team needs an owner. Make another member an owner first, then try again.")
        )
