"""What the floors below say that concerns accounts, money and open pages."""

from accounts.signals import balance_read
from catalog.signals import contact_changed
from live import bus
from rentals.operations import drift


def connect() -> None:
    """Listen, once for each process."""
    balance_read.connect(drift.on_balance_read, dispatch_uid="rentals")
    contact_changed.connect(on_contact_changed, dispatch_uid="rentals")


def on_contact_changed(**_: object) -> None:
    """Have every team's open pages read anew whether the provider answers."""
    bus.publish(team_id=None, topic="provider")
