"""Reading one list of the provider's into the catalogue.

Nothing here empties it: a list that cannot be read, cannot be understood or cannot be true leaves
everything as it was and says why on its ``Feed``, whose age keeps growing. What a list does say is
believed: an offer that is missing from it is no longer listed, and ``50001`` for a country means that
it offers nothing. An *empty* list is not how the provider says that, and is not believed. A row that
cannot be read is left out, and says nothing about any other: then nothing counts as missing either.

Each function takes ``read_before``: with it, a list that was read since is left alone. Each raises
``smsbus.WrongToken``, noted on the feed; every other failure is only noted. No call is made inside
a transaction.
"""

import enum
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

import smsbus
from catalog import feeds, upsert
from catalog.models import AREAS, Country, Feed, Service
from catalog.upsert import Quote
from smsbus import Answer, Call, Client, Rows, wire

logger = logging.getLogger(__name__)
T = TypeVar("T")

UNKNOWN_AGAIN = timedelta(minutes=5)  # how often prices of unknown services have their list read


class Outcome(enum.Enum):
    """How one reading went."""

    READ = "read"
    UNCHANGED = "unchanged"  # the same body as the last time: nothing was written
    LEFT = "left"  # somebody else reads it, or has just read it
    FAILED = "failed"  # what we had stays; the reason is on the feed


@dataclass(frozen=True, slots=True)
class Plan:
    """What an answer comes to: how to write it at a given time, and whether nothing is left out."""

    write: Callable[[datetime], None]
    whole: bool = True


def refresh_countries(client: Client, *, read_before: datetime | None = None) -> Outcome:
    """Read the countries; one that is gone takes its offers off sale, and keeps its row."""
    call = wire.list_countries()

    def plan(answer: Answer) -> Plan:
        return _whole_list(call, upsert.write_countries, answer)

    return _refresh(feeds.COUNTRIES, call, client, plan, read_before)


def refresh_services(client: Client, *, read_before: datetime | None = None) -> Outcome:
    """Read the services; one that is gone is no longer proposed, and keeps its row."""
    call = wire.list_projects()

    def plan(answer: Answer) -> Plan:
        return _whole_list(call, upsert.write_services, answer)

    return _refresh(feeds.SERVICES, call, client, plan, read_before)


def refresh_areas(client: Client, *, read_before: datetime | None = None) -> Outcome:
    """Read the areas to lease in; one that is gone is no longer offered, and keeps its row."""
    call = wire.rent_list_area()

    def plan(answer: Answer) -> Plan:
        return _whole_list(call, upsert.write_areas, answer)

    return _refresh(AREAS, call, client, plan, read_before)


def refresh_prices(
    country: Country, client: Client, *, read_before: datetime | None = None
) -> Outcome:
    """Read what ``country`` offers.

    Prices of services that we do not know have their list read first; those that it does not have
    either are left out until it does.
    """
    call = wire.list_prices(country.provider_id)

    def plan(answer: Answer) -> Plan:
        try:
            rows = call.read(answer)
        except smsbus.NoServiceInCountry:
            return Plan(partial(upsert.write_offers, country, {}))
        quotes = _quotes(country, rows)
        services = _find_services(quotes, client)
        known = {services[key]: quote for key, quote in quotes.items() if key in services}
        left_out = len(quotes) - len(known)
        if left_out:
            logger.warning("catalogue: %s: %d unknown services left out", country.pk, left_out)
        if rows.skipped:
            _say_skipped(call, rows)
            known = _listed_quotes(country) | known
        write = partial(upsert.write_offers, country, known)
        return Plan(write, whole=not left_out and not rows.skipped)

    return _refresh(Feed.prices_key(country), call, client, plan, read_before)


def _refresh(
    key: str,
    call: Call[Any],
    client: Client,
    plan: Callable[[Answer], Plan],
    read_before: datetime | None,
) -> Outcome:
    """Claim, call, plan, write: the way of every list."""
    feed = feeds.claim(key, read_before=read_before)
    if feed is None:
        return Outcome.LEFT
    try:
        answer = client.send(call)
        digest = hashlib.sha256(answer.body).hexdigest()
        if answer.status == 200 and digest == feed.body_hash:
            return Outcome.UNCHANGED if feeds.finish(feed, body_hash=digest) else Outcome.LEFT
        planned = plan(answer)
    except (smsbus.SmsBusError, feeds.Implausible) as error:
        feeds.fail(feed, error)
        if isinstance(error, smsbus.WrongToken):
            raise
        return Outcome.FAILED
    with transaction.atomic():
        # The hash of a list that was not written whole would keep the rest out until it changes.
        if not feeds.finish(feed, body_hash=digest if planned.whole else ""):
            return Outcome.LEFT
        planned.write(timezone.now())
    return Outcome.READ


def _whole_list(call: Call[Rows[T]], write: Callable[..., None], answer: Answer) -> Plan:
    """Plan to ``write`` a list of countries, services or areas as all that there are."""
    rows = call.read(answer)
    if not rows:
        raise feeds.Implausible(feeds.EMPTY)
    if rows.skipped:
        _say_skipped(call, rows)
    return Plan(partial(write, rows, complete=not rows.skipped), whole=not rows.skipped)


def _say_skipped(call: Call[Any], rows: Rows[Any]) -> None:
    logger.warning("catalogue: %s: %d rows cannot be read", call.name, rows.skipped)


def _listed_quotes(country: Country) -> dict[int, Quote]:
    """What the country offers as far as we know: it stays so where a list says nothing of it."""
    listed = country.offers.filter(listed=True).values_list("service_id", "cost", "stock")
    return {service: Quote(cost, stock) for service, cost, stock in listed}


def _quotes(country: Country, rows: tuple[smsbus.Price, ...]) -> dict[str, Quote]:
    """Return the prices by the provider's id of the service. A row's fields count, never its key.

    The first of several for one service counts: the one that a purchase is checked against.
    """
    quotes: dict[str, Quote] = {}
    for row in rows:
        if row.country_id == country.provider_id:
            quotes.setdefault(row.project_id, Quote(row.cost, row.total_count))
    if rows and not quotes:
        raise feeds.Implausible(feeds.MISDIRECTED)
    if not rows and country.offers.filter(listed=True).exists():
        raise feeds.Implausible(feeds.EMPTY)
    return quotes


def _find_services(wanted: Iterable[str], client: Client) -> dict[str, int]:
    """Return primary keys by the provider's id, after a look at the list if one is missing."""
    known = _known_services()
    if not known.keys() >= set(wanted):
        refresh_services(client, read_before=timezone.now() - UNKNOWN_AGAIN)
        known = _known_services()
    return known


def _known_services() -> dict[str, int]:
    return dict(Service.objects.values_list("provider_id", "pk"))
