"""Reading a list at most once at a time, and noting how it went.

A feed is claimed by compare-and-swap for as long as one call can take; what was read is written only
while the claim still stands. A reader that dies leaves a claim that runs out.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

import smsbus
from catalog.models import ASK_AGAIN_AFTER, Feed
from catalog.signals import contact_changed

logger = logging.getLogger(__name__)

COUNTRIES = "countries"
SERVICES = "services"
WRITING = timedelta(seconds=40)  # what a claim leaves for the work after the answer


class Implausible(Exception):
    """An answer that is well-formed and cannot be true; its text is a sentence that gettext knows."""


EMPTY = gettext_noop("The provider sent an empty list; what we had is kept.")
MISDIRECTED = gettext_noop("The provider sent another country's prices; what we had is kept.")

# The most specific class comes first.
FAILURES: tuple[tuple[type[smsbus.SmsBusError], str], ...] = (
    (smsbus.NotSent, gettext_noop("The provider could not be reached.")),
    (smsbus.AnswerLost, gettext_noop("The provider did not answer in time.")),
    (smsbus.RateLimited, gettext_noop("The provider asked us to slow down.")),
    (smsbus.BadAnswer, gettext_noop("The provider's answer could not be understood.")),
    (smsbus.WrongToken, gettext_noop("The provider did not accept the token.")),
    (smsbus.SmsBusError, gettext_noop("The provider refused to give this list.")),
)


# The provider did not answer, or not so that anything could be read; the rest is about a token.
UNANSWERED = [sentence for kind, sentence in FAILURES[:4]]


def last_unanswered() -> Feed | None:
    """Return the list that the provider did not give the last time anything was asked of it.

    None where a list was read since: it answers.
    """
    failed = Feed.objects.filter(error__in=UNANSWERED).order_by("-failed_at").first()
    if failed and Feed.objects.filter(fetched_at__gt=failed.failed_at).exists():
        return None
    return failed


def claim(key: str, *, read_before: datetime | None = None) -> Feed | None:
    """Return the feed ``key``, ours to read now; None where somebody else has it.

    With ``read_before`` also None when it was read since then: of two who wait for the same list, the
    second needs no reading of its own.
    """
    feed, _created = Feed.objects.get_or_create(key=key)
    if read_before and feed.fetched_at and feed.fetched_at >= read_before:
        return None
    now = timezone.now()
    until = now + timedelta(seconds=settings.SMSBUS_DEADLINE) + WRITING
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    # `fetched_at` too: nobody has read it between our look and our claim.
    unread = Feed.objects.filter(free, pk=feed.pk, fetched_at=feed.fetched_at)
    if not unread.update(claimed_until=until):
        return None
    feed.claimed_until = until
    return feed


def finish(feed: Feed, *, body_hash: str) -> bool:
    """Note a successful reading and give the claim back; False when the claim was lost meanwhile.

    Call it first in the transaction that writes the list: whoever lost the claim writes nothing.
    ``body_hash`` is empty where the list has to be read in full again the next time.
    """
    now = timezone.now()
    changes: dict[str, datetime] = {} if body_hash == feed.body_hash else {"changed_at": now}
    return _give_back(
        feed, fetched_at=now, body_hash=body_hash, failed_at=None, error="", **changes
    )


def fail(feed: Feed, error: smsbus.SmsBusError | Implausible) -> None:
    """Note why a reading failed and give the claim back. What we had stays, with its age."""
    logger.warning("catalogue: %s: %s", feed.key, error)
    if isinstance(error, Implausible):
        sentence = str(error)
    else:
        sentence = next(text for kind, text in FAILURES if isinstance(error, kind))
    _give_back(feed, failed_at=timezone.now(), error=sentence)


def _give_back(feed: Feed, **changes: object) -> bool:
    """Write ``changes`` while the claim stands, and tell where that made the provider one that answers or not.

    Best effort: of two at the same moment each may miss what both changed.
    """
    before = last_unanswered()
    ours = Feed.objects.filter(pk=feed.pk, claimed_until=feed.claimed_until)
    if not ours.update(claimed_until=None, **changes):
        return False
    # While all is well a list that was read changes nothing: no second look at each of hundreds.
    after = last_unanswered() if before or changes.get("error") else None
    if (before and before.failed_at) != (after and after.failed_at):
        contact_changed.send(Feed)
    return True


def ask() -> bool:
    """Whether a new reading of the whole catalogue is to be asked for: once for many who want it.

    Compare-and-swap on the ``countries`` feed; whoever wins has to enqueue it, and nobody wins again
    for a minute. Commits or rolls back with the caller's transaction.
    """
    Feed.objects.get_or_create(key=COUNTRIES)
    now = timezone.now()
    not_asked = Q(asked_at=None) | Q(asked_at__lt=now - ASK_AGAIN_AFTER)
    with transaction.atomic():
        return bool(Feed.objects.filter(not_asked, key=COUNTRIES).update(asked_at=now))


def forget(keys: list[str]) -> None:
    """Make the next reading of these feeds a full one, whether or not their body changed."""
    Feed.objects.filter(key__in=keys).update(body_hash="")
