"""What the floors above want to hear of the catalogue."""

from django.dispatch import Signal

prices_read = Signal()
"""A round of reading has ended, and prices or stock may be others. Sent without arguments, outside any
transaction; once for each round, however many countries it read."""
