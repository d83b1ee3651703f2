"""Tables that somebody takes away."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team
from rentals.history import Wanted


class ExportState(models.TextChoices):
    """Where an export stands; only ``queued`` and ``running`` ever change."""

    QUEUED = "queued", _("waits for its turn")
    RUNNING = "running", _("being written")
    DONE = "done", _("ready")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")


EXPORT_OPEN = (ExportState.QUEUED, ExportState.RUNNING)


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports by what a page or the sweep asks for."""

    def of(self, membership: Membership) -> "ExportQuerySet":
        """What one member has asked for in one team."""
        return self.filter(team=membership.team_id, member=membership.user_id)

    def open(self) -> "ExportQuerySet":
        """Those that are still to be written."""
        return self.filter(state__in=EXPORT_OPEN)


class Export(models.Model):
    """A workbook of a team's history that a worker writes for one member, and keeps for a day.

    ``wanted`` is what is looked for, as in the address of history. ``rows`` are written so far, of
    ``expected`` where that is known. ``claim`` fences the worker that writes; ``seen_at`` is its last
    sign of life. Changed only by ``reports.operations``, by compare-and-swap.

    One waits or is written for each member, and one is written at a time on the whole site, so that
    exports never take more than one process away from buying: the database holds both.
    """

    State = ExportState

    code = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="+", verbose_name=_("team"))
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("member")
    )
    wanted = models.JSONField(_("looked for"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=ExportState, default=ExportState.QUEUED
    )
    rows = models.PositiveIntegerField(_("rows"), default=0)
    expected = models.PositiveIntegerField(_("rows expected"), null=True)
    claim = models.UUIDField(null=True, editable=False)
    seen_at = models.DateTimeField(_("last sign of life"), null=True)
    created = models.DateTimeField(_("asked for"), default=timezone.now)
    expires_at = models.DateTimeField(_("removed"))

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = (
            models.UniqueConstraint(
                fields=("member",),
                condition=Q(state__in=EXPORT_OPEN),
                name="export_once_per_member",
            ),
            models.UniqueConstraint(
                fields=("state",), condition=Q(state="running"), name="export_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ExportState.values), name="export_state_known"
            ),
        )
        indexes = (
            models.Index(fields=("expires_at",), name="export_expiring"),
            models.Index(fields=("team", "member", "-created"), name="export_of_member"),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def file_name(self) -> str:
        """What the file is called where it is saved."""
        return f"history-{self.team.slug}-{self.created:%Y-%m-%d-%H%M}.xlsx"

    @property
    def path(self) -> Path:
        """Where the finished file is."""
        return Path(settings.EXPORT_DIR) / f"{self.code}.xlsx"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be written."""
        return self.state in EXPORT_OPEN

    @property
    def percent(self) -> int | None:
        """How much of it is written; None where nobody knows how much there is."""
        if not self.expected:
            return None
        return min(99, self.rows * 100 // self.expected)

    @property
    def looks_for(self) -> Wanted:
        """What is looked for."""
        return Wanted.read(self.wanted)
