"""What people do with their own sign-in, as allauth and Django tell it: into the site's chain.

A password that is typed in the field of the address must not be kept: the address of a failed
sign-in is written down only where it is a user's.
"""

from functools import partial
from typing import Any

from allauth.account import signals as allauth
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as django
from django.db import transaction

from accounts.audit.record import Facts, record
from accounts.models import Action, User

BY_SIGNAL = (
    (allauth.user_signed_up, Action.SIGNED_UP),
    (django.user_logged_in, Action.SIGNED_IN),
    (django.user_logged_out, Action.SIGNED_OUT),
    (allauth.password_changed, Action.PASSWORD_CHANGED),
    (allauth.password_set, Action.PASSWORD_CHANGED),
    (allauth.password_reset, Action.PASSWORD_CHANGED),
)


BY_FACTOR = (
    (mfa.authenticator_added, Action.FACTOR_ADDED),
    (mfa.authenticator_removed, Action.FACTOR_REMOVED),
    (mfa.authenticator_reset, Action.FACTOR_RESET),
)


def connect() -> None:
    """Listen from now on."""
    for signal, action in BY_SIGNAL:
        on_signal = partial(_on_deed, action=action)
        signal.connect(on_signal, weak=False, dispatch_uid=f"audit-{action}-{id(signal)}")
    for signal, action in BY_FACTOR:
        on_signal = partial(_on_factor, action=action)
        signal.connect(on_signal, weak=False, dispatch_uid=f"audit-{action}")
    django.user_login_failed.connect(on_failed_sign_in, dispatch_uid="audit")
    allauth.email_added.connect(on_address_added, dispatch_uid="audit")
    allauth.email_changed.connect(on_address_changed, dispatch_uid="audit")
    allauth.email_removed.connect(on_address_removed, dispatch_uid="audit")


def _on_deed(sender: Any, *, action: Action, user: Any = None, **rest: Any) -> None:
    _write(action, user)


def _on_factor(
    sender: Any, *, action: Action, user: User, authenticator: Authenticator, **rest: Any
) -> None:
    kind = {"factor": str(authenticator.get_type_display()), "name": str(authenticator)}
    removed = action == Action.FACTOR_REMOVED
    _write(action, user, before=kind if removed else None, after=None if removed else kind)


def on_failed_sign_in(sender: Any, credentials: dict[str, Any], **rest: Any) -> None:
    """Somebody gave a wrong password, or the right one of an account that is switched off."""
    address = str(credentials.get("email") or credentials.get("username") or "")
    _write(Action.SIGN_IN_FAILED, None, obj=User.objects.filter(email__iexact=address).first())


def on_address_added(sender: Any, user: User, email_address: Any, **rest: Any) -> None:
    """Another address, not confirmed yet."""
    _write(Action.EMAIL_ADDED, user, after={"address": email_address.email})


def on_address_changed(
    sender: Any, user: User, from_email_address: Any, to_email_address: Any, **rest: Any
) -> None:
    """Another address to sign in with."""
    before = {"address": from_email_address.email} if from_email_address else None
    _write(Action.EMAIL_CHANGED, user, before=before, after={"address": to_email_address.email})


def on_address_removed(sender: Any, user: User, email_address: Any, **rest: Any) -> None:
    """One address less."""
    _write(Action.EMAIL_REMOVED, user, before={"address": email_address.email})


def _write(
    action: Action,
    user: Any,
    *,
    obj: User | None = None,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    actor = user if isinstance(user, User) else None
    if actor is None and action == Action.SIGNED_OUT:
        return  # nobody was signed in
    with transaction.atomic():
        record(action=action, actor=actor, obj=obj or actor, before=before, after=after)
