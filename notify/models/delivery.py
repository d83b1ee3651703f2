"""A notification on its way to somebody who is not looking at the site."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notify.models.notification import Notification


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries by what the sweep asks for."""

    def due(self, now: datetime) -> "DeliveryQuerySet":
        """Those that are to be tried now."""
        return self.filter(state=Delivery.State.WAITING, next_try__lte=now)


class Delivery(models.Model):
    """One mail: tried until it is taken or given up.

    ``next_try`` is moved ahead by whoever tries, by compare-and-swap: it is the claim, which runs out
    when its worker dies. ``last_error`` is the class of the failure and what the server said of it.
    """

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")
        DROPPED = "dropped", _("no longer wanted")

    class Channel(models.TextChoices):
        """By which way."""

        MAIL = "mail", _("mail")

    notification = models.ForeignKey(
        Notification, models.CASCADE, related_name="deliveries", verbose_name=_("notification")
    )
    channel = models.CharField(_("by"), max_length=10, choices=Channel, default=Channel.MAIL)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try = models.DateTimeField(_("next try"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    last_error = models.CharField(_("last failure"), max_length=200, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = (
            models.UniqueConstraint(fields=("notification", "channel"), name="delivery_once"),
        )
        indexes = (
            models.Index(
                fields=("next_try",), condition=models.Q(state="waiting"), name="delivery_due"
            ),
            models.Index(
                fields=("state",), condition=models.Q(state="failed"), name="delivery_failed"
            ),
        )

    def __str__(self) -> str:
        return f"{self.notification} · {self.get_channel_display()}"
