"""Where django-allauth meets our accounts."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.operations import create_user_team


class AccountAdapter(DefaultAccountAdapter):
    """A new user comes with a personal team: both are there, or neither."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save who signs up; called by allauth's forms."""
        with transaction.atomic():
            user = super().save_user(request, user, form, commit)
            if commit:
                create_user_team(user)
        return user

    def format_email_subject(self, subject: str) -> str:
        """Subjects as they stand in the templates, without the host in front."""
        return subject
