"""How a state changes: compare-and-swap, with its event, in one transaction.

Everything in ``rentals.operations`` that moves a purchase, an activation or a lease goes through
``move``.
"""

from typing import Any

from django.db import transaction

from accounts.models import User
from live import bus
from rentals import states
from rentals.models import Activation, Event, Lease, Purchase

Subject = Event.Subject
SUBJECTS: dict[type[Any], Subject] = {
    Purchase: Subject.PURCHASE,
    Activation: Subject.ACTIVATION,
    Lease: Subject.LEASE,
}


def move(
    row: Purchase | Activation | Lease,
    to: str,
    *,
    reason: str = "",
    data: dict[str, Any] | None = None,
    by: str = "",
    actor: User | None = None,
    only_if: dict[str, Any] | None = None,
    **changes: Any,
) -> bool:
    """Change ``row`` from the state it was read in to ``to``; False when someone else was first.

    ``only_if`` adds conditions to the swap (a claim that must still stand); ``changes`` are written
    with it, and ``reason`` too on a purchase. The event is written and the page told in the same
    transaction. ``row`` is updated in
    memory on success and left alone otherwise. Raises ``IllegalTransition`` for a bug, and
    ``TransactionManagementError`` outside a transaction.
    """
    states.check(row.State, row.state, to)
    old = row.state
    if isinstance(row, Purchase):
        changes["reason"] = reason  # a purchase shows why it is where it is
    swapped = (
        type(row)
        .objects.filter(pk=row.pk, state=old, **(only_if or {}))
        .update(state=to, **changes)
    )
    if not swapped:
        return False
    for name, value in {"state": to, **changes}.items():
        setattr(row, name, value)
    note(row, from_state=old, to_state=to, reason=reason, data=data, by=by, actor=actor)
    return True


def note(
    row: Purchase | Activation | Lease,
    *,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
    by: str = "",
    actor: User | None = None,
) -> Event:
    """Write an event about ``row`` and tell the pages that show it, once committed."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an event belongs to the change it tells of")
    purchase = row if isinstance(row, Purchase) else row.purchase
    event = Event.objects.create(
        team_id=row.team_id,
        purchase=purchase,
        subject=SUBJECTS[type(row)],
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        data=data or {},
        by=by,
        actor=actor,
    )
    publish(purchase)
    return event


def publish(purchase: Purchase) -> None:
    """Tell the pages that show ``purchase`` to look again, once committed."""
    bus.publish(team_id=purchase.team_id, topic=f"purchase:{purchase.code}")
    if purchase.is_of_lease:
        bus.publish(team_id=purchase.team_id, topic="leases")
