"""The SMS that came."""

import hashlib
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team


class Message(models.Model):
    """One SMS as the provider gave it, and the code we read in it. The text is hostile.

    It belongs to an activation or to a lease. ``digest`` is what tells it from the others there.
    """

    activation = models.ForeignKey(
        "rentals.Activation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("activation"),
    )
    lease = models.ForeignKey(
        "rentals.Lease",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("lease"),
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="messages", verbose_name=_("team"))
    text = models.TextField(_("text"))
    code = models.CharField(_("code"), max_length=16, blank=True)
    digest = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = (
            models.UniqueConstraint(fields=("activation", "digest"), name="message_once"),
            models.UniqueConstraint(fields=("lease", "digest"), name="message_once_on_lease"),
            models.CheckConstraint(
                condition=Q(activation__isnull=False, lease=None)
                | Q(activation=None, lease__isnull=False),
                name="message_has_one_number",
            ),
        )
        indexes = (
            models.Index(fields=("team", "-id"), name="message_inbox"),
            models.Index(fields=("lease", "-received_at", "-id"), name="message_of_lease"),
        )

    def __str__(self) -> str:
        return self.code or str(_("SMS"))

    @staticmethod
    def digest_of(text: str, received_at: datetime | None = None) -> str:
        """What tells messages of one number apart.

        On an activation the text alone: the provider gives no time. On a lease the time too: the
        same text at another time is another SMS.
        """
        key = text if received_at is None else f"{received_at.isoformat()}\n{text}"
        return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
