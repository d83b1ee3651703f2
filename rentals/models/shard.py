"""Who polls what: one row for each poller shard, held as a lease that runs out."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PollShard(models.Model):
    """A share of the open numbers (``poll_slot % shards == number``) and who looks after it.

    ``holder`` fences: a poller writes what it found only while the lease is its own. When a poller
    dies the lease runs out and the watchdog starts another. ``held_by`` is its ``host:pid``, for people.
    How late polls were (after their due time) and how far apart is of the last seconds in which it polled.
    """

    number = models.PositiveSmallIntegerField(_("shard"), primary_key=True)
    holder = models.UUIDField(_("holder"), null=True, blank=True)
    held_by = models.CharField(_("held by"), max_length=100, blank=True)
    lease_until = models.DateTimeField(_("held until"), null=True, blank=True)
    queued_at = models.DateTimeField(_("last enqueued"), null=True, blank=True)
    watching = models.PositiveIntegerField(_("open numbers"), default=0)
    polls = models.PositiveBigIntegerField(_("polls"), default=0)
    gap_p50_ratio = models.FloatField(_("gap p50 ÷ interval"), null=True, blank=True)
    gap_p99_ratio = models.FloatField(_("gap p99 ÷ interval"), null=True, blank=True)
    late_p50 = models.FloatField(_("seconds late, p50"), null=True, blank=True)
    late_p99 = models.FloatField(_("seconds late, p99"), null=True, blank=True)

    class Meta:
        verbose_name = _("poller shard")
        verbose_name_plural = _("poller shards")

    def __str__(self) -> str:
        return str(self.number)
