"""Keeping the catalogue fresh: what is due, by whose token, asked for by beat or by a page.

Whatever happens to one country is no other's business, and when the provider is down everything
stays as it was and only grows older (``catalog.lists``).
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

import smsbus
from accounts.models import Team
from catalog import feeds, upsert
from catalog.lists import (
    Outcome,
    refresh_areas,
    refresh_countries,
    refresh_prices,
    refresh_services,
)
from catalog.models import Country, Feed, FeedQuerySet, Freshness
from catalog.signals import prices_read
from catalog.sources import find_sources, has_any
from core.queue import enqueue_on_commit
from smsbus import Client

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = 3  # failures in a row: it is the provider that is down, not a country
ROUND_SECONDS = 240.0  # what one round may take: a slow provider must not hold a worker for long
JUST_READ = timedelta(seconds=10)


def refresh_catalogue(team_id: int | None = None, *, older_than: timedelta | None = None) -> None:
    """Read the three lists, then the prices of each country, as far as they are ``older_than``.

    Without ``older_than`` that is half of ``CATALOG_REFRESH_SECONDS``: beat comes once in a whole
    one, and what was read a little after its last visit is due all the same. A refused token is
    dealt with and another one tried (``catalog.sources``). Never raises for what the provider does.
    """
    if older_than is None:
        older_than = timedelta(seconds=settings.CATALOG_REFRESH_SECONDS) / 2
    read_before = timezone.now() - older_than
    _with_a_source(team_id, lambda client: _refresh_due(client, read_before))
    upsert.write_reach()
    prices_read.send(Feed)


def refresh_country(country: Country, *, read_before: datetime | None = None) -> None:
    """Read the prices of one country where they are older than ``read_before``, else than this moment.

    Of ten who found them wrong while they were being read the first one reads them for all.
    """
    read_before = read_before or timezone.now() - JUST_READ
    _with_a_source(None, lambda client: refresh_prices(country, client, read_before=read_before))
    prices_read.send(Feed)


def refresh_lists() -> None:
    """Read the countries, the services and the areas, unless somebody has this moment."""
    read_before = timezone.now() - JUST_READ
    _with_a_source(None, lambda client: _refresh_lists(client, read_before))


def refresh_if_stale(team: Team | None = None) -> Freshness:
    """Say how old the catalogue is; where it is stale, have it read behind the page.

    One query for a fresh catalogue. Many pages at once enqueue one reading, and no further one for
    a minute. With ``team`` its own account is the first choice.
    """
    return _refresh_if_stale(Feed.objects.of_numbers(), team)


def refresh_areas_if_stale(team: Team | None = None) -> Freshness:
    """The same for the areas to lease in."""
    return _refresh_if_stale(Feed.objects.of_areas(), team)


def _refresh_if_stale(feeds: FeedQuerySet, team: Team | None) -> Freshness:
    freshness = feeds.freshness()
    if freshness.is_stale and not freshness.is_being_read and ask_for_refresh(team):
        return feeds.all().freshness()
    return freshness


def ask_for_refresh(team: Team | None = None, *, older_than: timedelta | None = None) -> bool:
    """Enqueue a reading of all that is ``older_than``; False when one was asked for just now.

    False too where there is nobody to read with: the first account that is added must not wait for
    its turn to ask.
    """
    from catalog import tasks  # the tasks import this module

    if not has_any():
        return False
    with transaction.atomic():
        if not feeds.ask():
            return False
        seconds = older_than.total_seconds() if older_than is not None else None
        enqueue_on_commit(tasks.refresh_catalogue, team.pk if team else None, seconds)
    return True


def _with_a_source(team_id: int | None, read: Callable[[Client], object]) -> None:
    for source in find_sources(team_id):
        try:
            read(source.client)
        except smsbus.WrongToken as error:
            source.turn_away(error)
        else:
            return
    logger.warning("catalogue: there is no provider account that can read it")


def _refresh_lists(client: Client, read_before: datetime) -> None:
    refresh_countries(client, read_before=read_before)
    refresh_services(client, read_before=read_before)
    refresh_areas(client, read_before=read_before)


def _refresh_due(client: Client, read_before: datetime) -> None:
    """One round; whatever is not reached in it comes first in the next."""
    until = time.monotonic() + ROUND_SECONDS
    _refresh_lists(client, read_before)
    failures = 0
    for country in _least_recently_tried(read_before):
        if failures == GIVE_UP_AFTER or time.monotonic() > until:
            logger.warning("catalogue: the round ends early; the rest keeps its age")
            return
        try:
            outcome = refresh_prices(country, client, read_before=read_before)
        except smsbus.WrongToken:
            raise
        except Exception:
            logger.exception("catalogue: the prices of country %s were not written", country.pk)
            outcome = Outcome.FAILED
        failures = failures + 1 if outcome is Outcome.FAILED else 0


def _least_recently_tried(read_before: datetime) -> Iterator[Country]:
    """Yield the countries that are due. Those that failed come last, so that they starve nobody."""
    never = datetime.min.replace(tzinfo=UTC)
    by_key = Feed.objects.in_bulk(field_name="key")
    due: list[tuple[datetime, int, Country]] = []
    for country in Country.objects.filter(listed=True):
        feed = by_key.get(Feed.prices_key(country)) or Feed()
        read = feed.fetched_at or never
        if read < read_before:
            due.append((max(read, feed.failed_at or never), country.pk, country))
    for _tried, _pk, country in sorted(due):
        yield country
