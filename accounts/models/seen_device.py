"""What tells that somebody has signed in from here before."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SeenDevice(models.Model):
    """A browser, or a network and what a browser calls itself, as a keyed hash; see ``accounts.devices``."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    digest = models.CharField(max_length=64, editable=False)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("known device")
        verbose_name_plural = _("known devices")
        constraints = (models.UniqueConstraint(fields=("user", "digest"), name="seen_device_once"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.seen_at:%Y-%m-%d}"
