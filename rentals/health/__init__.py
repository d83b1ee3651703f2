"""How the site is: everything that its staff and their monitor want to know, fact by fact.

``collect`` asks the database by index and Redis with a few commands, so that a page may ask every five
seconds whatever the number of purchases. ``metrics`` gives the same facts to Prometheus.
"""

from collections.abc import Callable

from django.db import Error as AnyDatabaseError
from django.utils.translation import gettext as _

from core.health import store
from core.health.fact import Fact, Group, Level
from rentals.health import books, parts, polling, provider

Facts = Callable[[], list[Fact]]


def collect() -> list[Group]:
    """Return all facts, in groups. Never raises for a part that is away: that is a fact, too."""
    return [
        _group("parts", _("Parts"), parts.database, parts.redis, parts.web),
        _group("workers", _("Workers and the clock"), parts.heartbeats, parts.queues),
        _group("pollers", _("Pollers"), polling.shards),
        _group("provider", _("Provider"), provider.catalogue, provider.calls),
        _group("purchases", _("Purchases"), books.purchases, books.numbers, books.last_hour),
        _group("person", _("For a person"), books.accounts, books.drift, books.stops),
    ]


def _group(key: str, title: str, *sources: Facts) -> Group:
    facts: list[Fact] = []
    away: dict[str, Fact] = {}  # said once for a group, however many of its facts it hides
    for source in sources:
        try:
            facts += source()
        except store.Away:
            words = _("Redis does not answer, so nobody knows.")
            away["redis"] = Fact(_("Redis"), Level.BAD, words)
        except AnyDatabaseError:
            words = _("The database does not answer, so nobody knows.")
            away["database"] = Fact(_("Database"), Level.BAD, words)
    return Group(key, title, [*facts, *away.values()])
