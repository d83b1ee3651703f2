"""What the files of the history are made of, and where they are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Team, User
from rentals.models import Purchase, Tag
from rentals.operations.activation import store_sms
from rentals.states import PurchaseState
from tests.factories import (
    make_activation,
    make_country,
    make_offer,
    make_purchase,
    make_service,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where the files of a test are."""
    settings.EXPORT_DIR = tmp_path / "exports"
    return settings.EXPORT_DIR


@pytest.fixture
def bought(team: Team, alice: User) -> Purchase:
    """A number with two SMS, a note and tags that spreadsheets would take for formulas."""
    purchase = make_purchase(
        team,
        offer=make_offer(make_service("=1+1"), make_country("France", "FR"), cost="0.1400"),
        state=PurchaseState.BOUGHT,
        created=datetime(2026, 3, 4, 12, 0, 5, tzinfo=UTC),
        note="@SUM(A1)",
    )
    start = datetime(2026, 3, 4, 12, 0, 6, tzinfo=UTC)
    number = make_activation(team, purchase=purchase, number="447700900123", created=start)
    store_sms(activation_id=number.pk, text="Your code is 429916", by="poller")
    type(number).objects.update(received_at=start + timedelta(seconds=20))
    store_sms(activation_id=number.pk, text="551177", by="poller")
    purchase.tags.add(Tag.objects.create(team=team, name="+QA"))
    return purchase
