"""Pointing out drift on pages of the floors below: ``{% load drift %}``."""

from dataclasses import dataclass
from typing import Any

from django import template

from accounts.models import Membership
from rentals.models import BalanceSnapshot

register = template.Library()


@dataclass(slots=True)
class Hint:
    """The newest unexplained drift of an account, and how many more there are."""

    snapshot: BalanceSnapshot
    more: int = 0


@register.inclusion_tag("rentals/_drift_hints.html")
def drift_hints(membership: Membership) -> dict[str, Any]:
    """What nobody has explained yet on the accounts that the member sees: one query, a hint for each."""
    hints: dict[object, Hint] = {}
    unexplained = BalanceSnapshot.objects.unexplained().filter(
        account__in=membership.provider_accounts()
    )
    for snapshot in unexplained.select_related("account").order_by("-pk"):
        if snapshot.account_id in hints:
            hints[snapshot.account_id].more += 1
        else:
            hints[snapshot.account_id] = Hint(snapshot)
    return {"team": membership.team, "hints": list(hints.values())}
