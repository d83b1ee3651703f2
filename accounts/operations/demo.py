"""The demo user, whom one click signs in where the site runs on its own sandbox."""

from django.db import transaction

from accounts.models import Team, User
from accounts.operations.teams import create_user_team

DEMO_EMAIL = "demo@busstop.example"


@transaction.atomic
def ensure_demo_user() -> User:
    """Return the demo user, made the first time with a personal team and no password."""
    user = User.objects.filter(email=DEMO_EMAIL).first()
    if user is None:
        user = User.objects.create_user(DEMO_EMAIL, name="Demo")
    if not Team.objects.of(user).exists():
        create_user_team(user)
    return user
