"""A token that must not be found anywhere but on the wire."""

from __future__ import annotations

import pickle
import traceback
from urllib.parse import quote

from smsbus import SmsBusError

CANARY = "canary/0123456789abcdef&= é"
SPELLINGS = (CANARY, quote(CANARY, safe=""), "0123456789abcdef")


def assert_clean(error: SmsBusError) -> None:
    """The error, its chain and what a log would print of it are free of token and URL."""
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(
        [
            str(error),
            repr(error),
            repr(error.args),
            repr(vars(error)),
            repr(pickle.dumps(error)),
            "".join(traceback.format_exception(error)),
        ]
    )
    assert not [spelling for spelling in SPELLINGS if spelling in shown]
    assert "http://" not in str(error)
    assert "127.0.0.1" not in str(error)
