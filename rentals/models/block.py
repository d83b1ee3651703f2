"""Services that the provider blocks an account from."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount
from catalog.models import Service


class ServiceBlock(models.Model):
    """A service that the provider blocks an account from for 24 hours (50214)."""

    account = models.ForeignKey(
        ProviderAccount, models.CASCADE, related_name="blocks", verbose_name=_("provider account")
    )
    service = models.ForeignKey(
        Service, models.CASCADE, related_name="+", verbose_name=_("service")
    )
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("blocked service")
        verbose_name_plural = _("blocked services")
        constraints = (models.UniqueConstraint(fields=("account", "service"), name="block_once"),)

    def __str__(self) -> str:
        return f"{self.service} · {self.until}"
