"""Where django-allauth meets our accounts."""

import ipaddress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Invitation, User
from accounts.models.second_factor import seal_unbound, unseal_bound
from accounts.operations import create_user_team
from core.letters import add_html

INVITED = "invitation"  # in the session of who came by the link of one to sign up: its id


class AccountAdapter(DefaultAccountAdapter):
    """A new user comes with a personal team: both are there, or neither."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save who signs up; called by allauth's forms."""
        with transaction.atomic():
            user = super().save_user(request, user, form, commit)
            if commit:
                create_user_team(user)
        return user

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """Whether ``email`` needs no mail to confirm it: an invitation's link, sent there, was opened."""
        came_by = request.session.get(INVITED)
        if came_by and Invitation.objects.open().filter(pk=came_by, email=email.lower()).exists():
            return True
        return bool(super().is_email_verified(request, email))

    def render_mail(self, *args: Any, **options: Any) -> EmailMultiAlternatives:
        """The mail as text, with its HTML beside it."""
        letter: EmailMultiAlternatives = super().render_mail(*args, **options)
        add_html(letter)
        return letter

    def format_email_subject(self, subject: str) -> str:
        """Subjects as they stand in the templates, without the host in front."""
        return subject

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that sign-ins are counted by, and that the list of sessions shows.

        It is what the outermost of our proxies saw. A request with fewer hops than there are proxies
        went round them: whatever its header says are its own words, and the address it came from
        counts. Raises ``PermissionDenied`` where there is none.
        """
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        if len(hops) >= settings.TRUSTED_PROXIES:
            return str(super().get_client_ip(request))
        try:
            return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")))
        except ValueError:
            raise PermissionDenied from None


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors are kept as tokens are."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return seal_unbound(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open what ``encrypt`` made, in the row that it was made for."""
        return unseal_bound(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the site as passkeys know it: bound to its host, shown by its name."""
        return super().get_public_key_credential_rp_entity() | {"name": "Busstop"}
