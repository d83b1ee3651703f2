"""A number waiting for its SMS."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount, Team
from catalog.models import Country, Service
from rentals.models.purchase import Purchase
from rentals.states import ACTIVATION_OPEN, ActivationState


class ActivationQuerySet(models.QuerySet["Activation"]):
    """Activations by what a page, a poller or a sweep asks for."""

    def open(self) -> "ActivationQuerySet":
        """Numbers that may still get their first SMS."""
        return self.filter(state__in=ACTIVATION_OPEN)

    def watched(self) -> "ActivationQuerySet":
        """Numbers that a poller looks after: open, or received with a second SMS still possible."""
        return self.filter(watched=True)


class Activation(models.Model):
    """One temporary number (the provider's "request").

    ``request_id`` is text: it has been seen with 21 digits. ``expires_at`` is our estimate for the
    page; a number expires only when the provider says so.
    """

    State = ActivationState

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purchase = models.OneToOneField(
        Purchase, models.PROTECT, related_name="activation", verbose_name=_("purchase")
    )
    team = models.ForeignKey(
        Team, models.PROTECT, related_name="activations", verbose_name=_("team")
    )
    account = models.ForeignKey(
        ProviderAccount,
        models.PROTECT,
        related_name="activations",
        verbose_name=_("provider account"),
    )
    country = models.ForeignKey(
        Country, models.PROTECT, related_name="+", verbose_name=_("country")
    )
    service = models.ForeignKey(
        Service, models.PROTECT, related_name="+", verbose_name=_("service")
    )
    request_id = models.CharField(_("request id"), max_length=64)
    number = models.CharField(_("number"), max_length=32)
    state = models.CharField(
        _("state"), max_length=12, choices=ActivationState, default=ActivationState.WAITING
    )
    watched = models.BooleanField(_("polled"), default=True)
    poll_slot = models.PositiveSmallIntegerField(editable=False)
    created = models.DateTimeField(_("bought"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    received_at = models.DateTimeField(_("first SMS"), null=True, blank=True)
    cancel_asked_at = models.DateTimeField(_("cancel asked"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = ActivationQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        constraints = (
            models.UniqueConstraint(fields=("account", "request_id"), name="activation_once"),
            models.CheckConstraint(
                condition=Q(state__in=ActivationState.values), name="activation_state_known"
            ),
            models.CheckConstraint(
                condition=Q(watched=True) | ~Q(state__in=ACTIVATION_OPEN),
                name="activation_open_is_watched",
            ),
        )
        indexes = (
            models.Index(
                fields=("poll_slot", "id"), condition=Q(watched=True), name="activation_watched"
            ),
            models.Index(fields=("number",), name="activation_number"),
            models.Index(fields=("request_id",), name="activation_request"),
            models.Index(fields=("team", "service", "-created"), name="activation_of_service"),
            models.Index(
                fields=("cancel_asked_at",),
                condition=Q(state="cancelling"),
                name="activation_cancelling",
            ),
        )

    def __str__(self) -> str:
        return f"+{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether the first SMS may still come."""
        return self.state in ACTIVATION_OPEN
