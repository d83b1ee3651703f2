"""What we learn about a provider account by using it: balances, and services it is blocked from."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount
from catalog.models import Service
from core.money import MoneyField


class BalanceSnapshot(models.Model):
    """What an account held at one moment, and how that fits what the ledger says.

    ``total`` is balance and frozen together: it moves only when the provider takes or gives money.
    ``ledger_total`` is what our ledger took until then. ``drift`` is how much more or less the
    provider's total moved since the snapshot before (``since``) than the ledger's: None while a
    purchase was under way, whose money may be on either side.
    """

    account = models.ForeignKey(
        ProviderAccount,
        models.CASCADE,
        related_name="snapshots",
        verbose_name=_("provider account"),
    )
    balance = MoneyField(_("balance"))
    frozen = MoneyField(_("frozen"))
    ledger_total = MoneyField(_("spent by the ledger"))
    since = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("since")
    )
    drift = MoneyField(_("drift"), null=True, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("balance snapshot")
        verbose_name_plural = _("balance snapshots")
        indexes = (
            models.Index(fields=("account", "-at"), name="snapshot_of_account"),
            models.Index(
                fields=("account", "-at"),
                condition=models.Q(drift__isnull=False) & ~models.Q(drift=0),
                name="snapshot_with_drift",
            ),
        )

    def __str__(self) -> str:
        return f"{self.account} · {self.at}"


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
