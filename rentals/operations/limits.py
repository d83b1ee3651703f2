"""Setting what a team or a member may buy."""

from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.audit import record
from accounts.models import Action, Membership, Team
from live import bus
from rentals.models import Limit


def hold_purchases(team_id: int) -> Team:
    """Take the lock that a team's purchases are written under: the next one sees the new limits.

    Inside a transaction, to whose end it lasts. Tells the team's open pages when that is committed.
    """
    team = Team.objects.select_for_update(no_key=True).get(pk=team_id)
    bus.publish(team_id=team_id, topic="money")
    return team


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
    team = hold_purchases(actor.team_id)
    members = team.memberships
    now = members.filter(user=actor.user_id).first()
    if now is None or not now.can_manage:
        raise PermissionDenied
    bound = team if member_id is None else members.select_related("user").get(user=member_id).user
    limit = Limit.objects.filter(team=team, member=member_id).first()
    limit = limit or Limit(team=team, member_id=member_id)
    before = facts_of(limit)
    limit.per_purchase, limit.per_day, limit.per_month = per_purchase, per_day, per_month
    limit.open_at_once = open_at_once
    limit.save()
    record(
        action=Action.LIMITS_SET,
        team=team,
        actor=actor.user,
        obj=bound,
        before=before,
        after=facts_of(limit),
    )
    return limit


def facts_of(limit: Limit) -> dict[str, str | None]:
    """Return what ``limit`` sets, as it is written in the audit trail."""
    names = ("per_purchase", "per_day", "per_month", "open_at_once")
    values = {name: getattr(limit, name) for name in names}
    return {
        name: None if value is None else f"{Decimal(value).normalize():f}"
        for name, value in values.items()
    }
