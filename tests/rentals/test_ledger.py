"""The ledger: append-only and settled once, held by the database itself."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Team
from rentals import ledger
from rentals.models import Event, LedgerEntry, MemberDay, Purchase
from tests.factories import make_purchase

pytestmark = pytest.mark.django_db


@pytest.fixture
def purchase(team: Team) -> Purchase:
    return make_purchase(team)


@pytest.mark.parametrize(
    ("settle", "column"),
    [(ledger.charge, "charged"), (ledger.release, "released"), (ledger.write_off, "lost")],
)
def test_a_settlement_ends_the_reservation(purchase: Purchase, settle, column: str) -> None:  # type: ignore[no-untyped-def]
    assert purchase.team.purchases.reserved() == purchase.quoted
    settle(purchase)
    assert purchase.team.purchases.reserved() == 0
    assert getattr(MemberDay.objects.get(), column) == purchase.quoted


def test_the_confirmed_price_is_charged_not_the_quoted(purchase: Purchase) -> None:
    purchase.cost = Decimal("0.1")
    assert ledger.charge(purchase).amount == Decimal("0.1")


@pytest.mark.parametrize("second", [ledger.charge, ledger.release, ledger.write_off])
def test_nothing_is_settled_twice(purchase: Purchase, second) -> None:  # type: ignore[no-untyped-def]
    ledger.charge(purchase)
    with pytest.raises(IntegrityError), transaction.atomic():
        second(purchase)
    assert LedgerEntry.objects.filter(kind__in=LedgerEntry.SETTLEMENTS).count() == 1


def test_an_entry_cannot_be_changed(purchase: Purchase) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(amount=0)


def test_an_entry_cannot_be_deleted(purchase: Purchase) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute("DELETE FROM rentals_ledgerentry")


def test_the_timeline_cannot_be_changed(purchase: Purchase) -> None:
    Event.objects.create(team=purchase.team, purchase=purchase, subject="purchase")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(to_state="bought")


def test_a_negative_amount_is_refused(purchase: Purchase) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            purchase=purchase,
            team=purchase.team,
            account=purchase.account,
            kind="refund",
            amount=Decimal("-1"),
            created=timezone.now(),
        )


def test_the_day_adds_up_to_the_entries(team: Team) -> None:
    for _ in range(5):
        ledger.charge(make_purchase(team))
    ledger.release(make_purchase(team))
    day = MemberDay.objects.get(team=team)
    charged = sum(e.amount for e in LedgerEntry.objects.filter(kind="charge"))
    assert (day.purchases, day.charged) == (6, charged)


@pytest.mark.django_db(transaction=True)
def test_money_never_moves_outside_a_transaction(team: Team) -> None:
    purchase = make_purchase(team)
    with pytest.raises(transaction.TransactionManagementError):
        ledger.charge(purchase)
    assert LedgerEntry.objects.get().kind == "hold"
