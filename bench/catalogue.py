"""How fast a whole catalogue is written again: our one statement beside a loop of `update_or_create`.

    script/bench catalogue [--quick]

Both write the same: 48 countries of 1,000 services each, of which a third changed its price or its
stock since the last time, with the history of what changed. Only the database's part is measured, no
call to a provider. The loop gets every kindness: one transaction for each country, the old values
read in one query; it writes one country a round (it would take minutes for all), ours writes all 48.
Ours is measured once more with nothing changed, as most readings find most countries. Three rounds,
one after the other in turn; medians of rows a second, and how many times the loop that is.

SQLite is always measured, as a local install has it (WAL, synchronous=FULL). With TEST_DATABASE_URL
naming a PostgreSQL server that is measured too. Each gets a database of its own that is dropped again.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
COUNTRIES, SERVICES, ROUNDS = 48, 1000, 3
Prices = dict[int, tuple[Decimal, int]]


def main() -> None:
    arguments = argparse.ArgumentParser(
        description="Write a whole catalogue: at once, and row by row."
    )
    arguments.add_argument("--quick", action="store_true", help="fewer countries, one round")
    arguments.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.here:
        measure(COUNTRIES // 4 if options.quick else COUNTRIES, 1 if options.quick else ROUNDS)
        return
    with tempfile.TemporaryDirectory(prefix="busstop-bench-") as folder:
        databases = [f"sqlite:///{folder}/bench.sqlite3", os.environ.get("TEST_DATABASE_URL")]
        for database in filter(None, databases):
            # A process for each, because Django reads its settings once.
            command = [sys.executable, __file__, "--here", *sys.argv[1:]]
            subprocess.run(command, env=os.environ | settings(folder, database), check=True)


def settings(folder: str, database: str) -> dict[str, str]:
    return {
        "BUSSTOP_DATA": folder,
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(TOP),
        "SECRET_KEY": "of the bench only, and long enough to be accepted",
        "TOKEN_KEYS": f"bench:{'A' * 43}=",
        "AUDIT_KEYS": f"bench:{'A' * 43}=",
    }


def measure(countries: int, rounds: int) -> None:
    """Measure the database that the settings name."""
    import django

    django.setup()
    from django.db import connection

    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = "busstop_bench"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        report(countries, rounds)
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def report(countries: int, rounds: int) -> None:
    from django.db import connection

    places, prices = fill(countries)
    loop, ours, same = [], [], []
    for _ in range(rounds):
        place = places[0]
        prices |= {place.pk: moved(prices[place.pk])}
        loop.append(SERVICES / seconds(row_by_row, place, prices[place.pk]))
        prices = {pk: moved(rows) for pk, rows in prices.items()}
        ours.append(countries * SERVICES / seconds(at_once, places, prices))
        same.append(countries * SERVICES / seconds(at_once, places, prices))
    print(f"{connection.vendor}: {countries * SERVICES:,} offers")
    naive = statistics.median(loop)
    print(f"  row by row, a third of them changed  {naive:10,.0f} rows/s")
    for name, rates in (("a third of them changed", ours), ("none of them changed", same)):
        rate = statistics.median(rates)
        print(f"  at once, {name:26}{rate:12,.0f} rows/s   {rate / naive:5,.0f} times")


def fill(countries: int) -> tuple[list, dict[int, Prices]]:
    from catalog.models import Country, Service

    dice = random.Random(1)
    places = [Country(provider_id=str(n), title=f"Country {n}") for n in range(countries)]
    services = [Service(provider_id=str(n), title=f"Service {n}") for n in range(SERVICES)]
    places, services = Country.objects.bulk_create(places), Service.objects.bulk_create(services)
    prices = {
        place.pk: {
            service.pk: (Decimal(dice.randint(5, 350)) / 100, dice.randint(0, 2000))
            for service in services
        }
        for place in places
    }
    at_once(places, prices)
    return places, prices


def moved(prices: Prices) -> Prices:
    """The next reading: a sixth has another price, another sixth another stock."""
    dice = random.Random(len(prices))
    after = {}
    for service, (cost, stock) in prices.items():
        luck = dice.random()
        after[service] = (
            cost + Decimal("0.01") if luck < 1 / 6 else cost,
            stock + 1 if luck > 5 / 6 else stock,
        )
    return after


def at_once(places: list, prices: dict[int, Prices]) -> None:
    from django.db import transaction
    from django.utils import timezone

    from catalog.upsert import Quote, write_offers

    for place in places:
        quotes = {service: Quote(*price) for service, price in prices[place.pk].items()}
        with transaction.atomic():
            write_offers(place, quotes, timezone.now())


def row_by_row(place: object, prices: Prices) -> None:
    """What one would write first."""
    from django.db import transaction
    from django.utils import timezone

    from catalog.models import Offer, PricePoint

    with transaction.atomic():
        now = timezone.now()
        before = {offer.service_id: offer for offer in Offer.objects.filter(country=place)}
        for service, (cost, stock) in prices.items():
            old = before.pop(service, None)
            offer, _ = Offer.objects.update_or_create(
                country=place,
                service_id=service,
                defaults={"cost": cost, "stock": stock, "listed": True, "changed_at": now},
            )
            if old is None or old.cost != cost or (old.stock == 0) != (stock == 0):
                PricePoint.objects.create(offer=offer, cost=cost, stock=stock, at=now)
        Offer.objects.filter(pk__in=[offer.pk for offer in before.values()]).update(listed=False)


def seconds(work: Callable[..., None], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
