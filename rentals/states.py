"""The three state machines, pure: what a purchase, an activation and a lease may become.

A **purchase** is one thing we asked the provider to sell us. It is written, with its money held,
before anything is sent::

    held ──> sending ──> bought
      │         ├──────> refused     a documented refusal: hold released
      │         └──────> unknown     anything else after the first byte left: hold kept
      └──> abandoned                 never sent
    unknown ──> bought (adopted) | not_bought (released) | lost (written off)

``sending ──> held`` happens only on proof that nothing was sent.

An **activation** is a number waiting for its SMS::

    waiting ──> received
       ├──> cancelling ──> cancelled | received | expired
       └──> expired

A **lease** is a number that was leased for months::

    active ──> grace ──> released       at ``expire_at``; at ``keep_at``
      │  ^───────┘                      renewed in time
      └──> cancelling ──> cancelled     within 20 minutes: refunded
             └──> active                too late, or an SMS came first

States change only in ``rentals.operations``, by compare-and-swap; ``check`` is what every change
passes through, so that an illegal transition is a bug that shows itself.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PurchaseState(models.TextChoices):
    """Where a purchase stands."""

    HELD = "held", _("reserved")
    SENDING = "sending", _("buying")
    BOUGHT = "bought", _("bought")
    REFUSED = "refused", _("refused")
    ABANDONED = "abandoned", _("not sent")
    UNKNOWN = "unknown", _("outcome unknown")
    NOT_BOUGHT = "not_bought", _("not bought")
    LOST = "lost", _("written off")


class ActivationState(models.TextChoices):
    """Where a number that waits for its SMS stands."""

    WAITING = "waiting", _("waiting for the SMS")
    RECEIVED = "received", _("received")
    CANCELLING = "cancelling", _("cancelling")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


class LeaseState(models.TextChoices):
    """Where a long-term number stands."""

    ACTIVE = "active", _("leased")
    CANCELLING = "cancelling", _("cancelling")
    GRACE = "grace", _("ended, can be renewed")
    RELEASED = "released", _("released")
    CANCELLED = "cancelled", _("cancelled")


P = PurchaseState
PURCHASE_TRANSITIONS: dict[str, frozenset[str]] = {
    P.HELD: frozenset({P.SENDING, P.ABANDONED}),
    P.SENDING: frozenset({P.HELD, P.BOUGHT, P.REFUSED, P.UNKNOWN}),
    P.UNKNOWN: frozenset({P.BOUGHT, P.NOT_BOUGHT, P.LOST}),
    P.BOUGHT: frozenset(),
    P.REFUSED: frozenset(),
    P.ABANDONED: frozenset(),
    P.NOT_BOUGHT: frozenset(),
    P.LOST: frozenset(),
}

A = ActivationState
ACTIVATION_TRANSITIONS: dict[str, frozenset[str]] = {
    A.WAITING: frozenset({A.RECEIVED, A.CANCELLING, A.EXPIRED}),
    A.CANCELLING: frozenset({A.CANCELLED, A.RECEIVED, A.EXPIRED}),
    A.RECEIVED: frozenset(),
    A.CANCELLED: frozenset(),
    A.EXPIRED: frozenset(),
}

L = LeaseState
LEASE_TRANSITIONS: dict[str, frozenset[str]] = {
    L.ACTIVE: frozenset({L.GRACE, L.RELEASED, L.CANCELLING, L.CANCELLED}),
    L.CANCELLING: frozenset({L.ACTIVE, L.CANCELLED}),
    L.GRACE: frozenset({L.ACTIVE, L.RELEASED}),
    L.RELEASED: frozenset(),
    L.CANCELLED: frozenset(),
}

PURCHASE_OPEN = (P.HELD, P.SENDING)
PURCHASE_UNDECIDED = (P.HELD, P.SENDING, P.UNKNOWN)
ACTIVATION_OPEN = (A.WAITING, A.CANCELLING)
LEASE_KEPT = (L.ACTIVE, L.CANCELLING, L.GRACE)


class IllegalTransition(Exception):
    """A change of state that the machines above do not have: a bug, never a user's mistake."""


MACHINES: dict[type[models.TextChoices], dict[str, frozenset[str]]] = {
    PurchaseState: PURCHASE_TRANSITIONS,
    ActivationState: ACTIVATION_TRANSITIONS,
    LeaseState: LEASE_TRANSITIONS,
}


def check(machine: type[models.TextChoices], old: str, new: str) -> None:
    """Raise ``IllegalTransition`` unless ``machine`` has ``old ──> new``."""
    if new not in MACHINES[machine].get(old, ()):
        raise IllegalTransition(f"{machine.__name__}: {old} → {new}")
