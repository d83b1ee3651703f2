"""What the floors above want to hear of; sent inside the transaction that makes it true.

Accounts cannot import the live stream, which stands above it: the stream listens to these instead.
"""

from django.dispatch import Signal

money_changed = Signal()
"""A team's balance, or an account that holds it, changed. Sent with ``team_id``."""

balance_read = Signal()
"""The provider said what an account holds. Sent with ``account``, ``balance`` (``smsbus.Balance``) and
``asked_at``, the moment before the call; the transaction holds the account's row."""

news = Signal()
"""Members of a team should be told something. Sent with ``team_id``, ``user_ids`` (who of them), ``kind``
(a value of ``notify.models.Kind``), ``key`` (the fact: the same one is told once), ``title``, ``body`` and
``url``, a path of this site; the texts may be functions, called in each reader's language. Whoever
cannot import ``notify`` sends this, in the transaction that makes it true."""

access_changed = Signal()
"""Someone left a team or has another role there. Sent with ``team_id`` and ``user_id``."""
