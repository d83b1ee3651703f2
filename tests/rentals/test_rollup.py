"""The roll-up by destination: what each end of a purchase adds to it, and on which day."""

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from accounts.models import Team, User
from rentals import audit_rollup, ledger, rollup
from rentals.demo import tell_past
from rentals.models import Activation, LedgerEntry, MemberDay, TripDay
from rentals.models.day import AMOUNTS, LONGEST_WAIT, WAIT_BOUNDS, WAIT_COLUMNS, estimate_wait
from rentals.operations.activation import request_cancel, send_cancel, store_release, store_sms
from rentals.operations.purchase import abandon_purchase
from rentals.operations.unknown import declare_not_bought, write_off
from rentals.states import PurchaseState
from tests.factories import (
    make_activation,
    make_country,
    make_lease,
    make_offer,
    make_provider_account,
    make_purchase,
    make_renewal,
    make_service,
)
from tests.rentals.operations.conftest import Shop
from tests.rentals.operations.conftest import shop as shop

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def check() -> list[str]:
    return list(audit_rollup.check_rollup())


def counted(row: TripDay) -> dict[str, int]:
    columns = ("purchases", "delivered", "failed", "cancelled", "expired", *WAIT_COLUMNS)
    return {column: count for column in columns if (count := getattr(row, column))}


@pytest.mark.django_db
def test_a_number_that_waits_is_bought_and_nothing_else(team: Team, alice: User) -> None:
    number = make_activation(team)

    row = TripDay.objects.get()
    assert (row.team, row.buyer, row.account) == (team, alice, number.account)
    assert (row.service, row.country, row.area_code) == (number.service, number.country, "")
    assert counted(row) == {"purchases": 1}
    assert row.held == number.purchase.quoted


@pytest.mark.django_db
def test_an_sms_counts_as_delivered_with_the_time_it_took(team: Team) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        number = make_activation(team)
        clock.shift(timedelta(seconds=20))
        store_sms(activation_id=number.pk, text="429916", by="poller")
        store_sms(activation_id=number.pk, text="one more", by="poller")

    row = TripDay.objects.get()
    assert counted(row) == {"purchases": 1, "delivered": 1, "wait_5": 1}
    assert row.charged == number.purchase.quoted
    assert (row.day, check()) == (NOON.date(), [])


@pytest.mark.django_db
def test_each_end_counts_in_its_own_column(shop: Shop) -> None:
    cancelled = shop.number()
    request_cancel(activation=cancelled, actor=shop.alice)
    send_cancel(activation_id=cancelled.pk)
    expired = shop.number()
    store_release(activation_id=expired.pk, by="poller")
    abandon_purchase(purchase=shop.ask(), actor=shop.alice)
    shop.sandbox.fault("get/number", "unknown_code", code=50002)
    assert shop.buy().state == PurchaseState.REFUSED
    for decide in (declare_not_bought, write_off):
        shop.sandbox.fault("get/number", "reset")
        decide(purchase=shop.buy(), actor=shop.alice)

    row = TripDay.objects.get()
    assert counted(row) == {"purchases": 6, "cancelled": 1, "expired": 1, "failed": 4}
    assert row.released == 5 * row.lost > 0
    assert check() == []


@pytest.mark.django_db
def test_leases_and_renewals_share_the_row_of_their_area(team: Team) -> None:
    lease = make_lease(team)
    make_renewal(lease)
    with transaction.atomic():
        ledger.refund(lease.purchase)

    row = TripDay.objects.get()
    assert (row.area_code, row.country, row.service) == ("CA", None, None)
    assert counted(row) == {"purchases": 2, "delivered": 2}
    assert (row.charged, row.refunded) == (Decimal(10), Decimal(4))
    assert check() == []


@pytest.mark.django_db
def test_an_end_counts_on_its_own_day_not_on_that_of_the_purchase(team: Team) -> None:
    with time_machine.travel(NOON.replace(hour=23, minute=59), tick=False) as clock:
        number = make_activation(team)
        clock.shift(timedelta(minutes=5))
        store_sms(activation_id=number.pk, text="429916", by="poller")

    first, second = TripDay.objects.order_by("day")
    assert second.day == first.day + timedelta(days=1)
    assert counted(first) == {"purchases": 1}
    assert counted(second) == {"delivered": 1, "wait_13": 1}


@pytest.mark.django_db
def test_rows_are_told_apart_by_everything_in_their_key(team: Team, bob: User) -> None:
    offer = make_offer()
    make_purchase(team, offer=offer)
    make_purchase(team, bob, offer=offer)
    make_purchase(team, offer=make_offer(country=offer.country))
    make_purchase(team, offer=make_offer(service=offer.service))
    make_purchase(team, offer=offer, account=make_provider_account(team))
    make_purchase(team, offer=offer)

    assert sorted(TripDay.objects.values_list("purchases", flat=True)) == [1, 1, 1, 1, 2]


@pytest.mark.django_db
@pytest.mark.parametrize("number", [True, False], ids=["number", "lease"])
def test_the_database_holds_one_row_for_each_key(team: Team, number: bool) -> None:
    if number:
        make_activation(team)
    else:
        make_lease(team)
    row = TripDay.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


@pytest.fixture
def past(team: Team, alice: User, bob: User) -> Team:
    """Two hundred purchases of two members over some weeks, and a lease."""
    for code in ("tg", "wa"):
        make_offer(make_service(code=code), make_country(iso_code="FR"))
    tell_past(make_provider_account(team), [alice, bob], purchases=200)
    make_renewal(make_lease(team))
    return team


@pytest.mark.django_db
def test_the_days_of_members_are_the_sums_of_these(past: Team) -> None:
    columns = ("purchases", *AMOUNTS)
    sums = {column: Sum(column) for column in columns}
    assert MemberDay.objects.aggregate(**sums) == TripDay.objects.aggregate(**sums)
    assert check() == []


@pytest.mark.django_db
def test_the_migration_fills_in_what_the_past_has_left(past: Team) -> None:
    columns = [field.attname for field in TripDay._meta.fields if field.name != "id"]
    kept = sorted(map(str, TripDay.objects.values_list(*columns)))
    TripDay.objects.all().delete()

    migration = importlib.import_module("rentals.migrations.0010_fill_trip_days")
    migration.fill(apps, connection.schema_editor)

    assert sorted(map(str, TripDay.objects.values_list(*columns))) == kept
    assert len(kept) > 10
    assert check() == []


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["purchases", "delivered", "expired", "charged", "wait_5"])
def test_a_wrong_row_is_found_and_fixed_when_asked_to(past: Team, column: str) -> None:
    row = TripDay.objects.of_numbers().latest("pk")
    right = getattr(row, column)
    TripDay.objects.filter(pk=row.pk).update(**{column: right + 3})

    told = f"{column} {right + 3}, its entries say {right}"
    assert [line.endswith(told) for line in check()] == [True]
    assert len(list(audit_rollup.check_rollup(fix=True))) == 1
    assert check() == []
    row.refresh_from_db()
    assert getattr(row, column) == right


@pytest.mark.django_db
def test_a_missing_row_is_found_and_written_again(past: Team) -> None:
    count = TripDay.objects.count()
    TripDay.objects.earliest("pk").delete()
    assert check() != []
    list(audit_rollup.check_rollup(fix=True))
    assert (check(), TripDay.objects.count()) == ([], count)


@pytest.mark.django_db
def test_an_invented_row_is_found(past: Team, alice: User) -> None:
    account = past.provider_accounts.earliest("pk")
    TripDay.objects.create(
        team=past, day=date(2020, 1, 1), account=account, buyer=alice, area_code="ZZ", delivered=7
    )
    assert [line.endswith("delivered 7, its entries say 0") for line in check()] == [True]


@pytest.mark.django_db(transaction=True)
def test_twenty_sms_and_ends_at_the_same_moment_are_all_counted(team: Team, bob: User) -> None:
    """Each in a thread of its own; half of the rows are new, which they race to write."""
    offers = [make_offer(), make_offer()]
    numbers: list[Activation] = [
        make_activation(
            team, purchase=make_purchase(team, buyer, offer=offer, state=PurchaseState.BOUGHT)
        )
        for _ in range(5)
        for offer in offers
        for buyer in (bob, None)
    ]
    TripDay.objects.filter(buyer=bob).delete()
    start = threading.Barrier(len(numbers))

    def end(number: Activation) -> None:
        start.wait(30)
        try:
            if number.pk % 3:
                store_sms(activation_id=number.pk, text="429916", by="poller")
            else:
                store_release(activation_id=number.pk, by="poller")
        finally:
            connection.close()

    with ThreadPoolExecutor(len(numbers)) as pool:
        list(pool.map(end, numbers))

    sums = TripDay.objects.sums()
    delivered = LedgerEntry.objects.filter(kind="charge").count()
    assert (sums["delivered"], sums["expired"]) == (delivered, len(numbers) - delivered)
    assert 0 < delivered < len(numbers)
    assert sum(sums[column] for column in WAIT_COLUMNS) == delivered
    assert TripDay.objects.count() == 4


@pytest.mark.parametrize(
    ("seconds", "column"),
    [(-3600, 0), (0, 0), (3.999, 0), (4, 1), (23.9, 5), (24, 6), (647, 14), (648, 15), (9e4, 15)],
)
def test_a_wait_is_counted_below_its_bound(seconds: float, column: int) -> None:
    assert rollup.wait_column(timedelta(seconds=seconds)) == f"wait_{column}"


def test_no_waits_have_no_median() -> None:
    assert estimate_wait([0] * len(WAIT_COLUMNS), 0.5) is None


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_an_estimate_is_within_the_column_of_the_true_wait(share: float) -> None:
    waits = sorted((number * 37 % 1000) ** 1.5 / 40 for number in range(1, 1000))
    counts = [0] * len(WAIT_COLUMNS)
    for wait in waits:
        counts[WAIT_COLUMNS.index(rollup.wait_column(timedelta(seconds=wait)))] += 1

    estimate = estimate_wait(counts, share)

    assert estimate == pytest.approx(waits[int(share * len(waits))], rel=0.2)


def test_the_longest_waits_are_taken_to_end_with_the_number() -> None:
    counts = [0] * len(WAIT_BOUNDS) + [2]
    assert estimate_wait(counts, 1) == LONGEST_WAIT
    assert estimate_wait(counts, 0.5) == (WAIT_BOUNDS[-1] + LONGEST_WAIT) / 2
