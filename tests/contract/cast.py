"""Alice, who has an account with the provider, and what stands in its shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from smsbus import Call, Client

ALICE, STRANGER = "0a1b2c3d" * 4, "ffffffff" * 4
US, NOWHERE = "5", "999"
TELEGRAM, WHATSAPP = "3", "5"
CANADA, PORTUGAL = "CA", "PT"
MINUTE, DAY = 60, 86400

T = TypeVar("T")
Test = TypeVar("Test", bound=Callable[..., Any])

proved: set[tuple[str, int]] = set()
"""The answers (call, code) that some contract test is about."""


def proves(call: str) -> Callable[[Test], Test]:
    """Marks a test as the one about the documented success of this call."""

    def mark(test: Test) -> Test:
        proved.add((call, 200))
        return test

    return mark


def ask(client: Client, call: Call[T]) -> T:
    return call.read(client.send(call))
