"""What people are told, how it reaches them, and what they asked to be told."""

from notify.models.alert import Alert
from notify.models.delivery import Delivery
from notify.models.notification import Kind, Notification
from notify.models.outbox import Outbox
from notify.models.preference import Preference

__all__ = ["Alert", "Delivery", "Kind", "Notification", "Outbox", "Preference"]
