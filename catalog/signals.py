"""What the floors above want to hear of the catalogue."""

from django.dispatch import Signal

contact_changed = Signal()
"""The provider stopped answering, failed to once more or answers again, as ``feeds.last_unanswered`` tells it.
Sent without arguments, in the transaction that notes it."""

prices_read = Signal()
"""A round of reading has ended, and prices or stock may be others. Sent without arguments, outside any
transaction; once for each round, however many countries it read."""
