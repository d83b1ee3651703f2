"""A number leased for months, with an inbox of its own."""

import uuid

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount, Team
from rentals.states import LEASE_OPEN, LeaseState


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Leases by what a page or a task asks for."""

    def open(self) -> "LeaseQuerySet":
        """Leases that still run, or can still be renewed."""
        return self.filter(state__in=LEASE_OPEN)


class Lease(models.Model):
    """One long-term number. ``mobile_number`` is without the dialling code, as lease calls want it.

    It runs until ``expire_at`` and can be renewed until ``keep_at``; each renewal is a purchase of
    its own. ``auto_renew`` is the provider's word and cannot be set through its API.
    """

    State = LeaseState

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="leases", verbose_name=_("team"))
    account = models.ForeignKey(
        ProviderAccount, models.PROTECT, related_name="leases", verbose_name=_("provider account")
    )
    area_code = models.CharField(_("area"), max_length=16)
    area_title = models.CharField(_("area's name"), max_length=120, blank=True)
    dialing_code = models.CharField(_("dialling code"), max_length=8, blank=True)
    mobile_number = models.CharField(_("number"), max_length=32)
    state = models.CharField(
        _("state"), max_length=12, choices=LeaseState, default=LeaseState.ACTIVE
    )
    expire_at = models.DateTimeField(_("runs until"), null=True, blank=True)
    keep_at = models.DateTimeField(_("can be renewed until"), null=True, blank=True)
    auto_renew = models.BooleanField(_("renews itself"), null=True, blank=True)
    link_on = models.BooleanField(_("link is on"), default=False)
    link = models.URLField(_("link"), max_length=300, blank=True)
    created = models.DateTimeField(_("leased"), default=timezone.now)
    read_at = models.DateTimeField(_("inbox read"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "area_code", "mobile_number"),
                condition=Q(state__in=LEASE_OPEN),
                name="lease_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LeaseState.values), name="lease_state_known"
            ),
        )

    def __str__(self) -> str:
        return f"+{self.dialing_code}{self.mobile_number}"

    def get_absolute_url(self) -> str:
        """The page with the inbox of this lease."""
        return reverse("rentals:lease", args=[self.team.slug, self.code])

    @property
    def number(self) -> str:
        """The whole number, with its dialling code."""
        return f"{self.dialing_code}{self.mobile_number}"
