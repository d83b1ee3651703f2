"""What happened to a purchase, in order: the timeline on its page."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from rentals.models.purchase import Purchase


class Event(models.Model):
    """One change of state or noteworthy fact; written in the transaction of the change itself.

    ``subject`` says whether the purchase changed, or its activation or lease. ``actor`` is the member who did
    it; where nobody did, ``by`` names the part of the system (``worker``, ``poller``, ``sweep``).
    ``reason`` is a key of ``rentals.wording``; ``data`` its figures, never a secret and no name: an
    event stays as it is when an account is deleted.
    """

    class Subject(models.TextChoices):
        """What changed."""

        PURCHASE = "purchase", _("purchase")
        ACTIVATION = "activation", _("activation")
        LEASE = "lease", _("lease")

    team = models.ForeignKey(Team, models.PROTECT, related_name="events", verbose_name=_("team"))
    purchase = models.ForeignKey(
        Purchase, models.PROTECT, related_name="events", verbose_name=_("purchase")
    )
    subject = models.CharField(_("what"), max_length=10, choices=Subject)
    from_state = models.CharField(_("from"), max_length=12, blank=True)
    to_state = models.CharField(_("to"), max_length=12, blank=True)
    reason = models.CharField(_("why"), max_length=40, blank=True)
    data = models.JSONField(_("figures"), default=dict, blank=True)
    by = models.CharField(_("by"), max_length=20, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("member"),
    )
    created = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("pk",)
        indexes = (models.Index(fields=("team", "-id"), name="event_of_team"),)

    def __str__(self) -> str:
        return f"{self.subject}: {self.from_state or '·'} → {self.to_state}"

    @cached_property
    def holder(self) -> User | None:
        """Whose concern the purchase became by this; None for anything but a hand-over. Costs a query."""
        pk = self.data.get("holder")
        return User.objects.filter(pk=pk).first() if pk else None
