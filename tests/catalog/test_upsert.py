"""Writing a whole price list: what is written, what is not, and what becomes history."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from catalog.models import Country, Offer, PricePoint, Service
from catalog.upsert import Quote, write_offers
from tests.factories import make_offer

NOON = datetime(2026, 2, 6, 12, tzinfo=UTC)


def write(country: Country, quotes: dict[Service, tuple[str, int]], hours: int = 0) -> None:
    with transaction.atomic():
        write_offers(
            country,
            {service.pk: Quote(Decimal(cost), stock) for service, (cost, stock) in quotes.items()},
            NOON + timedelta(hours=hours),
        )


def offers(country: Country) -> dict[str, tuple[Decimal, int, bool]]:
    return {
        offer.service.title: (offer.cost, offer.stock, offer.listed)
        for offer in country.offers.select_related("service")
    }


def history(country: Country) -> list[tuple[str, Decimal, int]]:
    points = PricePoint.objects.filter(offer__country=country).order_by(
        "at", "offer__service__title"
    )
    return [(point.offer.service.title, point.cost, point.stock) for point in points]


def test_new_offers_are_written_and_begin_their_history(germany, telegram, paypal):
    write(germany, {telegram: ("0.14", 680), paypal: ("2", 0)})
    assert offers(germany) == {
        "Telegram": (Decimal("0.14"), 680, True),
        "Paypal": (Decimal(2), 0, True),
    }
    assert history(germany) == [("Paypal", Decimal(2), 0), ("Telegram", Decimal("0.14"), 680)]
    assert set(PricePoint.objects.values_list("at", flat=True)) == {NOON}


def test_a_price_is_stored_to_the_tenth_of_a_cent_and_finer(germany, telegram):
    write(germany, {telegram: ("0.1234", 1)})
    assert Offer.objects.get().cost == Decimal("0.1234")


def test_a_price_that_we_cannot_hold_is_refused(germany, telegram):
    with pytest.raises(ValueError, match="decimals"):
        write(germany, {telegram: ("0.12345", 1)})


def test_the_same_list_again_changes_no_row(germany, telegram):
    write(germany, {telegram: ("0.14", 680)})
    write(germany, {telegram: ("0.14", 680)}, hours=1)
    assert Offer.objects.get().changed_at == NOON
    assert PricePoint.objects.count() == 1


def test_another_price_is_history(germany, telegram):
    write(germany, {telegram: ("0.14", 680)})
    write(germany, {telegram: ("0.16", 680)}, hours=1)
    assert Offer.objects.get().changed_at == NOON + timedelta(hours=1)
    assert history(germany) == [
        ("Telegram", Decimal("0.14"), 680),
        ("Telegram", Decimal("0.16"), 680),
    ]


def test_another_stock_is_written_but_no_history(germany, telegram):
    write(germany, {telegram: ("0.14", 680)})
    write(germany, {telegram: ("0.14", 12)}, hours=1)
    assert Offer.objects.get().stock == 12
    assert PricePoint.objects.count() == 1


def test_selling_out_and_coming_back_are_history(germany, telegram):
    for hours, stock in enumerate((5, 0, 0, 3)):
        write(germany, {telegram: ("0.14", stock)}, hours)
    assert [stock for _, _, stock in history(germany)] == [5, 0, 3]


def test_what_vanishes_is_unlisted_and_out_of_stock(germany, telegram, paypal):
    write(germany, {telegram: ("0.14", 680), paypal: ("0.3", 4)})
    write(germany, {paypal: ("0.3", 4)}, hours=1)
    assert offers(germany)["Telegram"] == (Decimal("0.14"), 0, False)
    assert offers(germany)["Paypal"] == (Decimal("0.3"), 4, True)
    assert history(germany)[2:] == [("Telegram", Decimal("0.14"), 0)]


def test_what_vanished_sold_out_is_no_news(germany, telegram):
    write(germany, {telegram: ("0.14", 0)})
    write(germany, {}, hours=1)
    assert offers(germany)["Telegram"] == (Decimal("0.14"), 0, False)
    assert PricePoint.objects.count() == 1


def test_what_is_gone_already_does_not_vanish_again(germany, telegram):
    write(germany, {telegram: ("0.14", 3)})
    write(germany, {}, hours=1)
    write(germany, {}, hours=2)
    assert Offer.objects.get().changed_at == NOON + timedelta(hours=1)
    assert PricePoint.objects.count() == 2


def test_what_returns_is_the_same_offer_with_its_history(germany, telegram):
    write(germany, {telegram: ("0.14", 680)})
    before = Offer.objects.get().pk
    write(germany, {}, hours=1)
    write(germany, {telegram: ("0.14", 680)}, hours=2)
    assert Offer.objects.get().pk == before
    assert offers(germany)["Telegram"] == (Decimal("0.14"), 680, True)
    assert [stock for _, _, stock in history(germany)] == [680, 0, 680]


def test_other_countries_are_left_alone(germany, telegram):
    elsewhere = make_offer(telegram, cost="0.5", stock=7)
    write(germany, {telegram: ("0.14", 680)})
    write(germany, {}, hours=1)
    elsewhere.refresh_from_db()
    assert (elsewhere.cost, elsewhere.stock, elsewhere.listed) == (Decimal("0.5"), 7, True)


def test_thousands_of_rows_take_as_many_statements_as_one(germany, django_assert_num_queries: Any):
    services = Service.objects.bulk_create(
        Service(provider_id=str(10**20 + n), title=f"Service {n}") for n in range(3000)
    )
    first = {service.pk: Quote(Decimal("0.10"), 5) for service in services}
    then = {
        pk: Quote(Decimal("0.20") if pk % 3 else cost, stock) for pk, (cost, stock) in first.items()
    }
    statements = 1 if connection.vendor == "postgresql" else 4
    with transaction.atomic():
        with django_assert_num_queries(statements):
            write_offers(germany, first, NOON)
        with django_assert_num_queries(statements):
            write_offers(germany, then, NOON + timedelta(hours=1))
    assert germany.offers.filter(listed=True).count() == 3000
    risen = sum(1 for pk in first if pk % 3)
    assert germany.offers.filter(cost=Decimal("0.20")).count() == risen
    assert PricePoint.objects.count() == 3000 + risen


@pytest.mark.django_db(transaction=True)
def test_it_belongs_in_a_transaction(germany):
    with pytest.raises(transaction.TransactionManagementError):
        write_offers(germany, {}, NOON)
