"""Setting what a team or a member may buy."""

from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Membership, Team
from live import bus
from rentals.models import Limit


@transaction.atomic
def set_limit(
    *,
    actor: Membership,
    member_id: int | None,
    per_purchase: Decimal | None,
    per_day: Decimal | None,
    per_month: Decimal | None,
    open_at_once: int | None,
) -> Limit:
    """Set the limits of the actor's team, or of its member ``member_id``; None is no limit.

    Amounts are US dollars. What is reserved and spent already stays, even above a new limit. Raises
    ``PermissionDenied`` where the actor is no owner or admin (any more), and
    ``Membership.DoesNotExist`` for somebody who is not in the team.
    """
    # The lock that purchases are written under: the next one sees the new limit.
    team = Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    members = team.memberships
    now = members.filter(user=actor.user_id).first()
    if now is None or not now.can_manage:
        raise PermissionDenied
    if member_id is not None:
        members.get(user=member_id)
    limit, _created = Limit.objects.update_or_create(
        team=team,
        member_id=member_id,
        defaults={
            "per_purchase": per_purchase,
            "per_day": per_day,
            "per_month": per_month,
            "open_at_once": open_at_once,
        },
    )
    bus.publish(team_id=team.pk, topic="money")
    return limit
