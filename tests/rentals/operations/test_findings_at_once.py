"""Batches of findings that are stored at the same moment: none waits for another for ever."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import Team, User
from rentals.models import Activation, LedgerEntry, Message
from rentals.operations.activation import Finding, store_findings
from tests.factories import make_activation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def numbers(team: Team, alice: User, bob: User) -> list[Activation]:
    """Forty open numbers, of two buyers by turns."""
    return [make_activation(team, buyer) for _ in range(20) for buyer in (alice, bob)]


def store_at_once(*batches: list[Activation]) -> None:
    """Each batch in a thread of its own, in the order given."""
    together = Barrier(len(batches))

    def store(batch: list[Activation]) -> None:
        findings = [Finding(number.pk, f"Your code is {number.pk:06d}") for number in batch]
        together.wait()
        try:
            store_findings(findings, by="poller")
        finally:
            connection.close()

    with ThreadPoolExecutor(len(batches)) as pool:
        list(pool.map(store, batches))


def check_stored(numbers: list[Activation], caplog: pytest.LogCaptureFixture) -> None:
    """Every SMS is there once, and none had to be left for the next poll."""
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    stored = sorted(Message.objects.values_list("activation_id", flat=True))
    assert stored == sorted(number.pk for number in numbers)
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.CHARGE).count() == len(numbers)


def test_two_pollers_find_the_same_in_opposite_order(
    numbers: list[Activation], caplog: pytest.LogCaptureFixture
) -> None:
    store_at_once(numbers, numbers[::-1])

    check_stored(numbers, caplog)


def test_two_pollers_find_sms_of_the_same_buyers_in_opposite_order(
    numbers: list[Activation], caplog: pytest.LogCaptureFixture
) -> None:
    store_at_once(numbers[:20], numbers[:19:-1])

    check_stored(numbers, caplog)
