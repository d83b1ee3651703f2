"""The poller: asks the provider for the SMS of every open number, thousands of times a second.

``slices`` is what Celery runs, ``shard`` who polls what, ``loop`` the asking; ``watchlist`` decides
what is asked next out of ``lane`` (an account), ``schedule`` (when) and ``budget`` (how much).
``docs/poller.md`` explains the design.
"""

from rentals.poller.shard import watch
from rentals.poller.slices import run_slice

__all__ = ["run_slice", "watch"]
