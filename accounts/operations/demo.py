"""The demo user, whom one click signs in where the site runs on its own sandbox."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Team, User
from accounts.operations.teams import create_user_team

DEMO_EMAIL = "demo@busstop.example"


@transaction.atomic
def ensure_demo_user() -> User:
    """Return the demo user, made the first time with a personal team and no password."""
    user, _created = User.objects.get_or_create(
        email=DEMO_EMAIL, defaults={"name": "Demo", "password": make_password(None)}
    )
    if not Team.objects.of(user).exists():
        create_user_team(user)
    return user
