"""The pollers: who holds each shard, how much it watches, and how late its polls are."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.health.fact import Fact, Level, Sample
from rentals.health.saying import duration
from rentals.models import PollShard

# Between two slices a shard is nobody's for a moment; the watchdog looks every five seconds.
UNHELD = timedelta(seconds=10)
LATE, TOO_LATE = 1.0, 5.0  # seconds after the due time, p99
WIDE, TOO_WIDE = 1.5, 3.0  # gap between two polls of a number ÷ its interval, p99


def shards() -> list[Fact]:
    """A fact for each shard that there is to be."""
    rows = PollShard.objects.in_bulk()
    now = timezone.now()
    return [_shard(number, rows.get(number), now) for number in range(settings.POLL_SHARDS)]


def _shard(number: int, row: PollShard | None, now: datetime) -> Fact:
    title = _("Shard %(number)d") % {"number": number}
    label = (("shard", str(number)),)
    if row is None or row.lease_until is None or row.lease_until < now - UNHELD:
        words = _("Nobody polls it: no SMS of its numbers is found.")
        advice = _("Look whether a poller runs (queue “poll”), and whether beat does.")
        return Fact(title, Level.BAD, words, advice, (Sample("shard_held", 0, label),))
    level = max(
        Level.of(row.late_p99 or 0.0, warn=LATE, bad=TOO_LATE),
        Level.of(row.gap_p99_ratio or 0.0, warn=WIDE, bad=TOO_WIDE),
    )
    samples = [
        Sample("shard_held", 1, label),
        Sample("shard_watching", row.watching, label),
        Sample("shard_polls", row.polls, label, "_total"),
        *_quantiles("shard_late_seconds", label, row.late_p50, row.late_p99),
        *_quantiles("shard_gap_ratio", label, row.gap_p50_ratio, row.gap_p99_ratio),
    ]
    advice = _("More shards, or a higher POLL_RATE_PER_ACCOUNT.") if level else ""
    return Fact(title, level, _words(row), advice, tuple(samples))


def _words(row: PollShard) -> str:
    holder = row.held_by or str(row.holder or "")
    numbers = ngettext("%(count)d number", "%(count)d numbers", row.watching) % {
        "count": row.watching
    }
    words = _("%(holder)s watches %(numbers)s.") % {"holder": holder, "numbers": numbers}
    if row.late_p50 is not None and row.late_p99 is not None:
        words += " " + _("Polls leave %(p50)s late, 1 in 100 %(p99)s or more.") % {
            "p50": duration(row.late_p50),
            "p99": duration(row.late_p99),
        }
    if row.gap_p50_ratio is not None and row.gap_p99_ratio is not None:
        words += " " + _("Gap ÷ interval %(p50).2f, 1 in 100 %(p99).2f or more.") % {
            "p50": row.gap_p50_ratio,
            "p99": row.gap_p99_ratio,
        }
    return words


def _quantiles(
    metric: str, label: tuple[tuple[str, str], ...], p50: float | None, p99: float | None
) -> list[Sample]:
    pairs = (("0.5", p50), ("0.99", p99))
    return [
        Sample(metric, value, (*label, ("quantile", quantile)))
        for quantile, value in pairs
        if value is not None
    ]
