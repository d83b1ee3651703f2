"""Deleting one's account, and taking one's data along.

The books outlive the people in them: purchases, ledger and timeline point at the row of who is gone,
which says nothing of them any more. The audit trail cannot be changed: it keeps names and addresses as
they were, and the page says so first.
"""

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit import record
from accounts.models import Action, AuditEntry, Membership, ProviderAccount, Role, Team, User
from accounts.operations.errors import CannotDelete
from accounts.operations.provider_accounts import close_private_accounts, remove_provider_account
from accounts.signals import access_changed
from core.letters import make_letter

logger = logging.getLogger(__name__)

# What refers to a person, would be deleted with them, and is the staff's record of their own deeds.
KEPT = {"admin.LogEntry"}
# What a person's row still says when they are gone; all else is as in a new one.
COLUMNS_THAT_STAY = {"id", "date_joined", "password", "email", "is_active", "deleted_at"}
NOWHERE = "deleted.invalid"  # a domain that nobody can ever have (RFC 2606)


def teams_of_one(user: User) -> models.QuerySet[Team]:
    """The teams that nobody but ``user`` is in: they are closed when ``user`` goes."""
    others = Membership.objects.exclude(user=user).values("team")
    return Team.objects.of(user).exclude(pk__in=others)


def obstacles(user: User) -> list[str]:
    """What has to be done before ``user`` can go, in words; nothing where they can."""
    if user.is_demo:
        return [_("The demo user is everybody’s: sign up for an account of your own.")]
    return [*_teams_without_owner(user), *_money_in_the_air(user)]


def _teams_without_owner(user: User) -> Iterator[str]:
    owned = Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    other_owners = Membership.objects.filter(role=Role.OWNER).exclude(user=user)
    lonely = owned.exclude(pk__in=other_owners.values("team"))
    for team in lonely.exclude(pk__in=teams_of_one(user).values("pk")).order_by("name", "pk"):
        yield _(
            "%(team)s has other members and no other owner. Make one of them an owner, or take them "
            "out of the team."
        ) % {"team": team.name}


def _money_in_the_air(user: User) -> Iterator[str]:
    for team in teams_of_one(user):
        # Purchases live on a floor above; their way back to this row is all that is used here.
        count = team.purchases.unsettled().count()
        if count:
            sentence = ngettext(
                "%(count)d purchase of %(team)s is not settled yet. Wait for its SMS, cancel it, or "
                "say what became of it.",
                "%(count)d purchases of %(team)s are not settled yet. Wait for their SMS, cancel "
                "them, or say what became of them.",
                count,
            )
            yield sentence % {"count": count, "team": team.name}


def delete_user(*, user: User) -> None:
    """Remove all that is known of ``user`` but what the books and the audit trail need.

    Closes the teams that nobody else is in: the tokens there are destroyed, the texts go within a day.
    Signs them out everywhere. Raises ``CannotDelete`` while there are ``obstacles``: asked under the
    locks of the teams, so that an owner who leaves or a purchase that is made at this moment counts.
    """
    with transaction.atomic():
        teams = list(Team.objects.filter(memberships__user=user).order_by("pk"))
        list(Team.objects.select_for_update().filter(pk__in=[t.pk for t in teams]).order_by("pk"))
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.deleted_at is not None:
            return
        in_the_way = obstacles(user)
        if in_the_way:
            raise CannotDelete(" ".join(in_the_way))
        _close_teams(user)
        _leave_teams(user)
        record(action=Action.USER_DELETED, actor=user, obj=user)
        address = user.email
        _forget(user)
        transaction.on_commit(partial(_say_farewell, address))
        transaction.on_commit(close_private_accounts, robust=True)


def _say_farewell(address: str) -> None:
    """Tell the address that was theirs: should somebody else have done it, they hear of it."""
    subject = render_to_string("emails/account_deleted_subject.txt").strip()
    body = render_to_string("emails/account_deleted.txt")
    try:
        make_letter(subject=subject, text=body, to=[address]).send()
    except OSError as error:  # smtplib's errors are OSErrors too; the address is kept nowhere else
        logger.warning("a deleted account could not be told: %s", type(error).__name__)


def _close_teams(user: User) -> None:
    for team in teams_of_one(user):
        for account in ProviderAccount.objects.kept().filter(team=team):
            remove_provider_account(account=account, actor=user)
        Team.objects.filter(pk=team.pk).update(
            name=_("deleted team #%(id)s") % {"id": team.pk},
            purpose="",
            retention_days=1,
            closed_at=timezone.now(),
        )


def _leave_teams(user: User) -> None:
    memberships = Membership.objects.filter(user=user).select_related("team").order_by("team")
    for membership in memberships:
        membership.delete()
        access_changed.send(Membership, team_id=membership.team_id, user_id=user.pk)
        record(
            action=Action.MEMBER_LEFT,
            team=membership.team,
            actor=user,
            obj=user,
            before={"role": membership.role},
        )


def _forget(user: User) -> None:
    """Whatever would go with the row goes, and every column of the row itself is as new."""
    for session in UserSession.objects.filter(user=user):
        session.end()
    for relation in User._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ForeignObjectRel):
            continue
        if relation.many_to_many or getattr(relation, "on_delete", None) is not models.CASCADE:
            continue
        model: Any = relation.related_model
        if model._meta.label not in KEPT:
            model._base_manager.filter(**{relation.field.name: user}).delete()
    for field in User._meta.concrete_fields:
        if field.name not in COLUMNS_THAT_STAY:
            setattr(user, field.attname, None if field.null else field.get_default())
    user.email = f"deleted-{user.pk}@{NOWHERE}"
    user.is_active = False
    user.deleted_at = timezone.now()
    user.set_unusable_password()  # every session that is left was opened with another one
    user.save()


def data_of(user: User, teams: models.QuerySet[Team]) -> dict[str, Any]:
    """What is kept about ``user``, ready for JSON: their purchases in ``teams``, all else whole."""
    return {
        "profile": {
            field.name: getattr(user, field.attname)
            for field in User._meta.concrete_fields
            if field.name != "password"
        },
        "addresses": _rows(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
        "second_factors": _rows(
            Authenticator.objects.filter(user=user), "type", "created_at", "last_used_at"
        ),
        "sessions": _rows(
            UserSession.objects.filter(user=user), "ip", "user_agent", "created_at", "last_seen_at"
        ),
        "memberships": _rows(user.memberships, "team__name", "team__slug", "role", "created"),
        "purchases": _rows(
            user.purchases.filter(team__in=teams),
            *("code", "team__slug", "kind", "service__title", "country__title", "area_name"),
            *("months", "activation__number", "lease__number", "state", "quoted", "created"),
        ),
        "audit_trail": _rows(
            AuditEntry.objects.filter(actor_id=user.pk),
            *("at", "action", "actor_name", "actor_email", "object_label", "ip", "user_agent"),
        ),
    }


def _rows(rows: Any, *names: str) -> list[dict[str, Any]]:
    return list(rows.order_by("pk").values(*names))
