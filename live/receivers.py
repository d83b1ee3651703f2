"""What happens on the floors below and concerns open pages."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.signals import authenticator_removed
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_delete, post_save

from accounts.models import Membership, Team
from accounts.signals import access_changed, money_changed
from live import bus


def connect() -> None:
    """Listen, once for each process."""
    user_logged_out.connect(on_sign_out, dispatch_uid="live")
    post_save.connect(on_user_saved, sender=get_user_model(), dispatch_uid="live")
    post_delete.connect(on_session_ended, sender=UserSession, dispatch_uid="live")
    post_delete.connect(on_membership_deleted, sender=Membership, dispatch_uid="live")
    post_save.connect(on_membership_saved, sender=Membership, dispatch_uid="live")
    post_save.connect(on_team_saved, sender=Team, dispatch_uid="live")
    for signal in (password_changed, password_set, password_reset, authenticator_removed):
        signal.connect(on_sign_out, dispatch_uid=f"live-{id(signal)}")
    access_changed.connect(on_access_changed, dispatch_uid="live")
    money_changed.connect(on_money_changed, dispatch_uid="live")


def on_sign_out(*, user: Any, **_: object) -> None:
    """End all streams of who signs out, has another password or a second factor less.

    Those of browsers that still have the right come back by themselves.
    """
    if user is not None:
        bus.close_streams(user_id=user.pk)


def on_user_saved(*, instance: Any, **_: object) -> None:
    """End the streams of who was deactivated."""
    if not instance.is_active:
        bus.close_streams(user_id=instance.pk)


def on_session_ended(*, instance: UserSession, **_: object) -> None:
    """End all streams of whose session was ended elsewhere; those of the others come back."""
    bus.close_streams(user_id=instance.user_id)


def on_membership_deleted(*, instance: Membership, **_: object) -> None:
    """End the streams of who left a team by any way, such as the admin or a deleted user."""
    bus.close_streams(user_id=instance.user_id, team_id=instance.team_id)


def on_membership_saved(*, instance: Membership, created: bool, **_: object) -> None:
    """End the streams of who was given another role in the admin."""
    if not created:
        bus.close_streams(user_id=instance.user_id, team_id=instance.team_id)


def on_team_saved(*, instance: Team, created: bool, **_: object) -> None:
    """End the streams of a team of which a second factor is wanted: the admin may have said so."""
    if instance.needs_second_factor and not created:
        for user_id in instance.memberships.values_list("user_id", flat=True):
            bus.close_streams(user_id=user_id, team_id=instance.pk)


def on_access_changed(*, team_id: int, user_id: int, **_: object) -> None:
    """End the streams of who left a team or has another role there."""
    bus.close_streams(user_id=user_id, team_id=team_id)


def on_money_changed(*, team_id: int, **_: object) -> None:
    """Let open pages show the new balance."""
    bus.publish(team_id=team_id, topic="money")
