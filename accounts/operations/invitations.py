"""Invitations to a team: sent by mail, accepted by who reads the mail.

Who may invite, resend and withdraw is who may give the role: owners any, admins all but owner.
"""

import logging
import uuid
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.audit import record
from accounts.models import Action, Invitation, Membership, Role, Team, User
from accounts.operations.errors import AlreadyThere, InvitationOver, NotSent, WrongAddress
from accounts.operations.teams import get_member, lock_members
from core.letters import make_letter
from core.text import spell_out

logger = logging.getLogger(__name__)


def invite(*, actor: Membership, email: str, role: Role) -> Invitation:
    """Invite who reads mail at ``email`` to the actor's team as ``role``, and send them the link.

    Raises ``PermissionDenied`` where the actor may not give the role (any more), ``AlreadyThere``
    for a member's address or one that is invited already, and ``NotSent`` where the mail server
    failed: the invitation is there all the same, to be sent again.
    """
    email = email.strip().lower()
    with transaction.atomic():
        members = lock_members(actor.team)
        _check_may_give(members, actor, role)
        _check_is_new(actor.team, members, email)
        invitation = Invitation(team=actor.team, email=email, role=role, invited_by=actor.user)
        token = invitation.renew_token()
        invitation.save(force_insert=True)
        _record(Action.MEMBER_INVITED, invitation, actor.user, after={"role": role})
    _send(invitation, token)
    return invitation


def resend_invitation(*, actor: Membership, invitation_id: uuid.UUID) -> Invitation:
    """Send a new link, good for another week and vouched for by the actor; the old link is dead.

    Raises as ``invite`` does, and ``Invitation.DoesNotExist`` where it was accepted or withdrawn.
    """
    with transaction.atomic():
        members = lock_members(actor.team)
        invitation = _get_open(actor.team, invitation_id)
        _check_may_give(members, actor, Role(invitation.role))
        invitation.invited_by = actor.user
        token = invitation.renew_token()
        invitation.save(update_fields=["invited_by", "token_digest", "sent_at", "expires_at"])
        _record(Action.INVITATION_RESENT, invitation, actor.user)
    _send(invitation, token)
    return invitation


@transaction.atomic
def revoke_invitation(*, actor: Membership, invitation_id: uuid.UUID) -> None:
    """Withdraw an invitation: its link is dead at once. Raises as ``resend_invitation`` does."""
    members = lock_members(actor.team)
    invitation = _get_open(actor.team, invitation_id)
    _check_may_give(members, actor, Role(invitation.role))
    _record(Action.INVITATION_REVOKED, invitation, actor.user, before={"role": invitation.role})
    invitation.delete()


@sensitive_variables("token")
def find_invitation(*, token: str) -> Invitation | None:
    """Return the invitation that ``token`` opens, with team and inviter; None where it opens none.

    One that was accepted is returned too, for who accepted it to be led into the team.
    """
    rows = Invitation.objects.with_token(token).select_related("team", "invited_by")
    invitation = rows.first()
    if invitation is None or invitation.accepted_at is not None:
        return invitation
    return invitation if is_good(invitation) else None


def is_good(invitation: Invitation) -> bool:
    """Whether the link of an open invitation still lets somebody in."""
    if invitation.has_expired or not invitation.invited_by.is_active:
        return False
    inviter = Membership.objects.filter(
        team=invitation.team_id, user=invitation.invited_by_id
    ).first()
    return inviter is not None and inviter.may_give(Role(invitation.role))


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User) -> Membership:
    """Make ``user`` a member, once; who is one already keeps the role they have.

    Raises ``InvitationOver`` where it was withdrawn, sent anew, accepted by somebody else, has run
    out or is no longer vouched for, whatever else happens at the same moment; ``WrongAddress``
    where no (verified) address of ``user`` is the invited one.
    """
    members = lock_members(invitation.team)
    now = Invitation.objects.filter(pk=invitation.pk, token_digest=invitation.token_digest)
    row = now.select_related("team", "invited_by").first()
    if row is not None and row.accepted_by_id == user.pk and user.pk in members:
        return members[user.pk]
    if row is None or row.accepted_at is not None or not is_good(row):
        raise InvitationOver(_("This invitation is no longer valid. Nothing was changed."))
    if row.email not in addresses_of(user):
        raise WrongAddress(_("This invitation is for another address. Nothing was changed."))
    now.filter(accepted_at=None).update(accepted_at=timezone.now(), accepted_by=user)
    if user.pk in members:
        return members[user.pk]
    member = Membership.objects.create(team=row.team, user=user, role=row.role)
    record(
        action=Action.MEMBER_JOINED,
        team=row.team,
        actor=user,
        obj=user,
        after={"role": row.role, "invited by": row.invited_by.email},
    )
    return member


def addresses_of(user: User) -> set[str]:
    """The addresses that are known to be the user's, in lower case.

    Where the site can have addresses confirmed, only those that were; else the one they sign in with.
    """
    if settings.ACCOUNT_EMAIL_VERIFICATION == "none":
        return {user.email.lower()}
    confirmed = EmailAddress.objects.filter(user=user, verified=True)
    return {address.lower() for address in confirmed.values_list("email", flat=True)}


def _check_may_give(members: dict[int, Membership], actor: Membership, role: Role) -> None:
    if not get_member(members, actor.user_id).may_give(role):
        raise PermissionDenied


def _check_is_new(team: Team, members: dict[int, Membership], email: str) -> None:
    confirmed = EmailAddress.objects.filter(verified=True, email=email, user__in=members)
    if User.objects.filter(email=email, pk__in=members).exists() or confirmed.exists():
        raise AlreadyThere(_("This address is a member’s already. Nothing was sent."))
    if team.invitations.open().filter(email=email).exists():
        raise AlreadyThere(
            _("This address is invited already; you can send its invitation again below.")
        )


def _get_open(team: Team, invitation_id: uuid.UUID) -> Invitation:
    return team.invitations.open().select_related("team").get(pk=invitation_id)


def _record(action: Action, invitation: Invitation, actor: User, **facts: Any) -> None:
    record(action=action, team=invitation.team, actor=actor, obj=invitation, **facts)


@sensitive_variables("token", "context", "body")
def _send(invitation: Invitation, token: str) -> None:
    # After the commit, and by who has the token: it is kept nowhere that a worker could read it.
    page = reverse("accounts:invitation", args=[token])
    context = {
        "invitation": invitation,
        "team": spell_out(invitation.team.name),
        "inviter": spell_out(invitation.invited_by.short_name),
        "url": settings.SITE_URL + page,
    }
    subject = render_to_string("emails/invitation_subject.txt", context)
    body = render_to_string("emails/invitation.txt", context)
    try:
        letter = make_letter(subject=" ".join(subject.split()), text=body, to=[invitation.email])
        letter.send()
    except OSError as error:  # smtplib's errors are OSErrors too
        logger.warning("invitation %s was not sent: %s", invitation.pk, type(error).__name__)
        raise NotSent(
            _("The mail server did not take the invitation. Send it again in a few minutes.")
        ) from None
