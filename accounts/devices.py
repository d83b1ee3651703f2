"""Browsers and networks that a person has signed in from, so that a new one is told of by mail.

A browser is known by a random mark in a signed cookie that outlives the session, a place by the network it
comes from and what the browser calls itself. Kept are keyed hashes of both, for each user and for a year:
they tell that something was seen before, and nobody where. A sign-in is new when neither was.
"""

import ipaddress
import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.audit import origin
from accounts.models import SeenDevice, User
from core import crypto
from core.letters import make_letter

logger = logging.getLogger(__name__)

GOOD_FOR = timedelta(days=365)
SALT = "accounts.device"
# How much of an address is its network: one household or office, more or less.
PREFIX = {4: 24, 6: 48}


def connect() -> None:
    """Listen from now on."""
    user_logged_in.connect(on_sign_in, dispatch_uid="devices")


def remember_browser(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: after a sign-in the browser gets the mark that it is known by."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        mark = getattr(request, "device_mark", None)
        if mark is not None:
            response.set_cookie(
                settings.DEVICE_COOKIE_NAME,
                signing.dumps(mark, salt=SALT),
                max_age=GOOD_FOR,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return middleware


def on_sign_in(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Take note of where ``user`` signs in from, and tell them of a browser at a new place.

    The first sign-in of all tells nobody: everything is new then.
    """
    where = origin.current()
    if not isinstance(user, User) or not where.ip or user.is_demo:
        return
    mark = _mark_of(request)
    request.device_mark = mark  # type: ignore[attr-defined]
    hashes = {_hash("browser", mark), _hash("place", f"{_network(where.ip)} {where.user_agent}")}
    with transaction.atomic():
        seen = SeenDevice.objects.filter(user=user, seen_at__gt=timezone.now() - GOOD_FOR)
        is_first = not seen.exists()
        is_known = seen.filter(digest__in=hashes).exists()
        _note(user, hashes)
        if not is_first and not is_known:
            transaction.on_commit(partial(_tell, user, where))


def _mark_of(request: HttpRequest) -> str:
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        return str(signing.loads(cookie, salt=SALT, max_age=GOOD_FOR))
    except signing.BadSignature:
        return secrets.token_urlsafe(16)


def _network(ip: str) -> str:
    address = ipaddress.ip_address(ip)
    return str(ipaddress.ip_network(f"{ip}/{PREFIX[address.version]}", strict=False))


def _hash(kind: str, what: str) -> str:
    return crypto.fingerprint(what, purpose=f"device-{kind}")


def _note(user: User, hashes: set[str]) -> None:
    now = timezone.now()
    SeenDevice.objects.bulk_create(
        [SeenDevice(user=user, digest=digest, seen_at=now) for digest in sorted(hashes)],
        update_conflicts=True,
        unique_fields=["user", "digest"],
        update_fields=["seen_at"],
    )
    SeenDevice.objects.filter(user=user, seen_at__lt=now - GOOD_FOR).delete()


def _tell(user: User, where: origin.Origin) -> None:
    zone = user.time_zone
    context = {
        "user": user,
        "where": where,
        "at": timezone.now(),
        "zone": zone,
        "sessions": settings.SITE_URL + reverse("usersessions_list"),
        "password": settings.SITE_URL + reverse("account_change_password"),
    }
    with translation.override(user.language or translation.get_language()):
        subject = render_to_string("emails/new_device_subject.txt", context).strip()
        text = render_to_string("emails/new_device.txt", context)
        letter = make_letter(subject=subject, text=text, to=[user.email])
    try:
        letter.send()
    except OSError as error:  # smtplib's errors are OSErrors too; signing in goes on
        logger.warning("user %s was not told of a new device: %s", user.pk, type(error).__name__)
