"""Whether the provider answers, as far as reading its lists tells, and when it is asked next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from catalog import feeds
from catalog.models import ASK_AGAIN_AFTER, Feed, Freshness


@dataclass(frozen=True, slots=True)
class Contact:
    """How the provider's lists were asked for lately; None for a moment that there was not.

    ``failed`` is the list that it did not give the last time anything was asked of it; None while it
    answers. ``answered_at`` is when it gave one the last time. ``next_by`` is the latest moment of the
    next try; None while it answers, and where that moment has passed, for then nobody knows.
    """

    failed: Feed | None
    answered_at: datetime | None
    is_being_asked: bool
    next_by: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """That the provider does not answer: which list it did not give, and how old the prices are."""

    failed: Feed
    prices_of: datetime | None

    @property
    def mark(self) -> str:
        """Tells this notice from another."""
        return str(self.failed.failed_at)


def read_notice(freshness: Freshness) -> Notice | None:
    """Read what a page says while the provider does not answer; None, without a query, while all is well.

    ``freshness`` is that of the lists of numbers: a list of areas alone that fails is none of the desk's.
    """
    failed = feeds.last_unanswered() if freshness.failing else None
    return Notice(failed, freshness.as_of) if failed else None


def read_contact() -> Contact:
    """Read it: at most three queries, however many lists there are."""
    now = timezone.now()
    failed = feeds.last_unanswered()
    last = Feed.objects.aggregate(
        answered=Max("fetched_at"),
        failed=Max("failed_at"),
        asked=Max("asked_at"),
        claimed_until=Max("claimed_until"),
    )
    tried = max(filter(None, (last["answered"], last["failed"])), default=None)
    asked = last["asked"] is not None and (tried is None or last["asked"] > tried)
    return Contact(
        failed=failed,
        answered_at=last["answered"],
        is_being_asked=(last["claimed_until"] is not None and last["claimed_until"] > now)
        or (asked and last["asked"] > now - ASK_AGAIN_AFTER),
        next_by=_next_by(failed, now) if failed else None,
    )


def _next_by(failed: Feed, now: datetime) -> datetime | None:
    """Beat comes once in ``CATALOG_REFRESH_SECONDS``, and reads what is older than half of that."""
    usual = timedelta(seconds=settings.CATALOG_REFRESH_SECONDS)
    moments = [failed.failed_at, failed.fetched_at and failed.fetched_at + usual / 2]
    due = max(moment for moment in moments if moment is not None) + usual
    return due if due > now else None
