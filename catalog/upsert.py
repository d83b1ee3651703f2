"""Writing whole lists at once.

**Countries, services and areas** are few and rarely change: what differs is found in Python and written with
``bulk_create``.

**A country's prices** are many, and some change at every look. Row by row with ``update_or_create``
48,000 offers take more than half a minute; this takes a fraction of a second
(``bench/catalogue.py``), and does not write what did not change. PostgreSQL does it in one statement.
SQLite cannot write to two tables in one, so it takes four, which its write lock makes one all the
same. What both do, ``fresh`` being the list:

1. an offer that is new, or whose price, stock or ``listed`` is another: written;
2. a listed offer of the country that ``fresh`` does not have: ``listed`` off, its stock 0;
3. a ``PricePoint`` for each new offer, and where the price changed or the stock came to or left 0.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from django.db import connection, transaction
from django.db.models import Count

import smsbus
from catalog.models import Area, Country, Feed, Offer, Service
from core.money import dollars

logger = logging.getLogger(__name__)
Listed = TypeVar("Listed", Country, Service, Area)

MAX_ID = 64  # characters of an id that the columns hold
MAX_AREA = 32
MAX_MONTHS = 120


Row = tuple[int, str, int]  # a service's primary key, its price, its stock


class Quote(NamedTuple):
    """What one number costs, in US dollars, and how many there are."""

    cost: Decimal
    stock: int


def write_countries(rows: Iterable[smsbus.Country], at: datetime, *, complete: bool = True) -> None:
    """Make ``rows`` all countries there are; those that are gone offer nothing any more.

    Where the list is not ``complete``, none of them is gone.
    """
    fresh = {
        row.id: Country(provider_id=row.id, title=_title(row), iso_code=row.code[:8])
        for row in rows
        if _can_be_kept(row.id)
    }
    for country in _merge(Country, fresh, ("title", "iso_code"), complete=complete):
        write_offers(country, {}, at)
        # Its hash goes too: should the country come back, its prices are to be read in full.
        Feed.objects.filter(key=Feed.prices_key(country)).delete()


def write_services(rows: Iterable[smsbus.Project], at: datetime, *, complete: bool = True) -> None:
    """Make ``rows`` all services there are. Offers are left alone: they have lists of their own.

    Where the list is not ``complete``, no service is gone.
    """
    fresh = {
        row.id: Service(provider_id=row.id, title=_title(row), code=row.code[:32])
        for row in rows
        if _can_be_kept(row.id)
    }
    _merge(Service, fresh, ("title", "code"), complete=complete)


def write_reach() -> None:
    """Note at each service in how many countries it is in stock; two queries, three where any changed."""
    in_stock = Offer.objects.in_stock().order_by().values_list("service")
    counts = dict(in_stock.annotate(count=Count("pk")))
    services = list(Service.objects.only("reach"))
    changed = [row for row in services if row.reach != counts.get(row.pk, 0)]
    for service in changed:
        service.reach = counts.get(service.pk, 0)
    Service.objects.bulk_update(changed, ["reach"], batch_size=500)


def write_areas(rows: Iterable[smsbus.Area], at: datetime, *, complete: bool) -> None:
    """Write the areas to lease in: all there are if ``complete``."""
    fresh = {
        row.area_code: Area(
            provider_id=row.area_code,
            title=(row.title.strip() or row.area_code)[:120],
            monthly_price=dollars(row.monthly_price),
            min_months=max(1, min(row.min_months, MAX_MONTHS)),
            stock=row.total,
        )
        for row in rows
        if len(row.area_code) <= MAX_AREA
    }
    _merge(Area, fresh, ("title", "monthly_price", "min_months", "stock"), complete=complete)


def _merge(
    model: type[Listed], fresh: Mapping[str, Listed], fields: tuple[str, ...], *, complete: bool
) -> list[Listed]:
    """Write what is new or differs in ``fields``, unlist what is gone, and return that.

    Nothing is gone from a list that is not ``complete``.
    """
    fields = (*fields, "listed")
    known = model._default_manager.in_bulk(field_name="provider_id")
    changed = [
        row
        for key, row in fresh.items()
        if key not in known or any(getattr(row, f) != getattr(known[key], f) for f in fields)
    ]
    model._default_manager.bulk_create(
        changed, update_conflicts=True, unique_fields=("provider_id",), update_fields=fields
    )
    if not complete:
        return []
    gone = [row for key, row in known.items() if row.listed and key not in fresh]
    model._default_manager.filter(pk__in=[row.pk for row in gone]).update(listed=False)
    return gone


def _title(row: smsbus.Country | smsbus.Project) -> str:
    return (row.title.strip() or row.code or row.id)[:120]


def _can_be_kept(key: str) -> bool:
    """A longer id is left out: cut short, it would name something else."""
    if len(key) <= MAX_ID:
        return True
    logger.warning("catalogue: an id of %d characters is left out", len(key))
    return False


def write_offers(country: Country, quotes: Mapping[int, Quote], at: datetime) -> None:
    """Make ``quotes`` (by ``Service`` primary key) all that ``country`` offers, as of ``at``.

    Call it in the transaction that the list's claim is checked in: two writers of one country at the
    same time would each take their history from before the other. Raises ``ValueError`` for a price
    with more than four decimals.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "the offers belong to the reading of their list"
        )
    write = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    write(country.pk, [(pk, str(dollars(cost)), n) for pk, (cost, n) in quotes.items()], at)


def _on_postgresql(country_id: int, rows: Sequence[Row], at: datetime) -> None:
    services, costs, stocks = zip(*rows, strict=True) if rows else ((), (), ())
    # As text, because the driver would look at each of the thousands of values on its own.
    parameters: dict[str, Any] = {
        "country": country_id,
        "at": at,
        "services": _array(services),
        "costs": _array(costs),
        "stocks": _array(stocks),
    }
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL, parameters)


def _array(numbers: Iterable[int | str]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


# All parts of the statement see the rows as they were before it: that is where `before` comes from.
# What did not change is sorted out first, because ON CONFLICT locks (and so writes) every row it meets.
POSTGRESQL = """
WITH fresh AS (
    SELECT * FROM unnest(%(services)s::bigint[], %(costs)s::numeric[], %(stocks)s::integer[])
        AS list (service_id, cost, stock)
), before AS (
    SELECT id, service_id, cost, stock, listed FROM catalog_offer WHERE country_id = %(country)s
), changed AS (
    SELECT fresh.* FROM fresh LEFT JOIN before USING (service_id)
    WHERE before.id IS NULL
        OR (before.cost, before.stock, before.listed) <> (fresh.cost, fresh.stock, true)
), written AS (
    INSERT INTO catalog_offer (country_id, service_id, cost, stock, listed, changed_at)
    SELECT %(country)s, service_id, cost, stock, true, %(at)s FROM changed
    ON CONFLICT (service_id, country_id) DO UPDATE
        SET cost = excluded.cost, stock = excluded.stock, listed = true,
            changed_at = excluded.changed_at
    RETURNING id, cost, stock
), vanished AS (
    UPDATE catalog_offer SET listed = false, stock = 0, changed_at = %(at)s
    WHERE country_id = %(country)s AND listed
        AND NOT EXISTS (SELECT FROM fresh WHERE fresh.service_id = catalog_offer.service_id)
    RETURNING id, cost, stock
)
INSERT INTO catalog_pricepoint (offer_id, cost, stock, at)
SELECT after.id, after.cost, after.stock, %(at)s
FROM (SELECT * FROM written UNION ALL SELECT * FROM vanished) AS after
LEFT JOIN before USING (id)
WHERE before.id IS NULL
    OR before.cost <> after.cost
    OR (before.stock = 0) <> (after.stock = 0)
"""


def _on_sqlite(country_id: int, rows: Sequence[Row], at: datetime) -> None:
    parameters: dict[str, Any] = {
        "country": country_id,
        "at": connection.ops.adapt_datetimefield_value(at),
        "list": json.dumps(rows),
    }
    with connection.cursor() as cursor:
        for statement in SQLITE:
            cursor.execute(SQLITE_FRESH + statement, parameters)


SQLITE_FRESH = """
WITH fresh AS MATERIALIZED (
    SELECT json_extract(value, '$[0]') AS service_id,
        CAST(json_extract(value, '$[1]') AS NUMERIC) AS cost,
        json_extract(value, '$[2]') AS stock
    FROM json_each(%(list)s)
)
"""

# The history of known offers comes first, while the rows still are what they were.
SQLITE = (
    """
    INSERT INTO catalog_pricepoint (offer_id, cost, stock, at)
    SELECT offer.id, fresh.cost, fresh.stock, %(at)s
    FROM fresh JOIN catalog_offer AS offer
        ON offer.service_id = fresh.service_id AND offer.country_id = %(country)s
    WHERE offer.cost <> fresh.cost OR (offer.stock = 0) <> (fresh.stock = 0)
    UNION ALL
    SELECT id, cost, 0, %(at)s FROM catalog_offer
    WHERE country_id = %(country)s AND listed AND stock > 0
        AND service_id NOT IN (SELECT service_id FROM fresh)
    """,
    """
    UPDATE catalog_offer SET listed = false, stock = 0, changed_at = %(at)s
    WHERE country_id = %(country)s AND listed
        AND service_id NOT IN (SELECT service_id FROM fresh)
    """,
    """
    INSERT INTO catalog_offer (country_id, service_id, cost, stock, listed, changed_at)
    SELECT %(country)s, service_id, cost, stock, true, %(at)s FROM fresh WHERE true
    ON CONFLICT (service_id, country_id) DO UPDATE
        SET cost = excluded.cost, stock = excluded.stock, listed = true,
            changed_at = excluded.changed_at
        WHERE (cost, stock, listed) <> (excluded.cost, excluded.stock, true)
    """,
    """
    INSERT INTO catalog_pricepoint (offer_id, cost, stock, at)
    SELECT id, cost, stock, %(at)s FROM catalog_offer AS offer
    WHERE country_id = %(country)s AND changed_at = %(at)s
        AND NOT EXISTS (SELECT 1 FROM catalog_pricepoint WHERE offer_id = offer.id)
    """,
)
