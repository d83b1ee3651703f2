"""Browsers in which somebody is signed in, without the pages that it takes."""

import time

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from accounts.models import User

METHODS_OF = "account_authentication_methods_user"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def sign_in(client: Client, user: User, *, second_factor: bool | None = None) -> None:
    """Sign ``user`` in, who typed the password just now.

    Staff have a second factor and gave it, as otherwise the admin is closed to them; others have none,
    unless ``second_factor`` says so.
    """
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    methods = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    if user.is_staff if second_factor is None else second_factor:
        add_second_factor(user)
        methods.append({"method": "mfa", "at": time.time(), "type": "totp"})
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = methods
    session[METHODS_OF] = str(user.pk)
    session.save()


def add_second_factor(user: User) -> Authenticator:
    """``user`` with an authenticator app; returns the one they have, if any."""
    existing = Authenticator.objects.filter(user=user).first()
    return existing or TOTP.activate(user, TOTP_SECRET).instance
