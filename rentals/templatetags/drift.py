"""Pointing out drift on pages of the floors below: ``{% load drift %}``."""

from dataclasses import dataclass
from typing import Any

from django import template

from accounts.models import Team
from rentals.models import BalanceSnapshot

register = template.Library()


@dataclass(slots=True)
class Hint:
    """The newest unexplained drift of an account, and how many more there are."""

    snapshot: BalanceSnapshot
    more: int = 0


@register.inclusion_tag("rentals/_drift_hints.html")
def drift_hints(team: Team) -> dict[str, Any]:
    """What nobody has explained yet on the team's accounts: one query, a hint for each account."""
    hints: dict[object, Hint] = {}
    unexplained = BalanceSnapshot.objects.unexplained().filter(
        account__in=team.provider_accounts.kept()
    )
    for snapshot in unexplained.select_related("account").order_by("-pk"):
        if snapshot.account_id in hints:
            hints[snapshot.account_id].more += 1
        else:
            hints[snapshot.account_id] = Hint(snapshot)
    return {"team": team, "hints": list(hints.values())}
