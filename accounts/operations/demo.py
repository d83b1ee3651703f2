"""The demo user, whom one click signs in where the site runs on its own sandbox."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Team, User
from accounts.models.user import DEMO_EMAIL
from accounts.operations.teams import accept_terms, create_user_team


@transaction.atomic
def ensure_demo_user() -> User:
    """Return the demo user, made the first time with a personal team and no password."""
    user, _created = User.objects.get_or_create(
        email=DEMO_EMAIL, defaults={"name": "Demo", "password": make_password(None)}
    )
    if not Team.objects.of(user).exists():
        team = create_user_team(user)
        owner = team.memberships.get(user=user)
        accept_terms(actor=owner, purpose="Trying out Busstop on its sandbox.")
    return user
