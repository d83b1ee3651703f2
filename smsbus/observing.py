"""How each call went, for whoever counts: one function of the process is told after each.

It gets the call's name, the outcome and the seconds that passed; never a parameter, token or answer.

=================  ========================================================================
``answered``       an answer came, whatever it says; a documented refusal is an answer too
``not_sent``       nothing reached the provider
``answer_lost``    a byte may have left, no complete answer came in time and in size
``bad_answer``     of those answered: not the documented envelope (HTML, 5xx, malformed)
``rate_limited``   of those answered: HTTP 429
=================  ========================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

ANSWERED: Final = "answered"
NOT_SENT: Final = "not_sent"
ANSWER_LOST: Final = "answer_lost"
BAD_ANSWER: Final = "bad_answer"
RATE_LIMITED: Final = "rate_limited"

Observer = Callable[[str, str, float | None], None]

_observer: Observer | None = None


def observe(observer: Observer | None) -> None:
    """Have `observer` told of every call of this process from now on; None ends it.

    It is called in the thread or the event loop of the call: it must be quick and must not raise.
    """
    global _observer
    _observer = observer


def tell(name: str, outcome: str, since: float | None = None) -> None:
    """Say how the call `name` went that began at `since` (`time.monotonic`); None: it is known."""
    if _observer is not None:
        _observer(name, outcome, None if since is None else time.monotonic() - since)
