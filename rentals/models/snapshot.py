"""What the provider said that an account holds, held against the ledger."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount
from core.money import ZERO, MoneyField

UNEXPLAINED = (Q(drift__lt=0) | Q(drift__gt=0)) & Q(explained_at=None)


class SnapshotQuerySet(models.QuerySet["BalanceSnapshot"]):
    """Snapshots by what measuring, a page or the admin asks for."""

    def of_token(self, account: ProviderAccount) -> "SnapshotQuerySet":
        """Those read with the token that ``account`` has: another one may be another account's."""
        return self.filter(account=account, token_mark=BalanceSnapshot.mark_of(account))

    def conclusive(self) -> "SnapshotQuerySet":
        """Those that were held against the ledger: later ones are measured from the newest."""
        return self.filter(drift__isnull=False)

    def with_drift(self) -> "SnapshotQuerySet":
        """Those by which money had moved that the ledger does not know of."""
        return self.conclusive().exclude(drift=ZERO)

    def unexplained(self) -> "SnapshotQuerySet":
        """Drifts that nobody has explained yet, by the index that holds those alone."""
        return self.filter(UNEXPLAINED)

    def latest_taken(self) -> "BalanceSnapshot | None":
        """The newest of them."""
        return self.order_by("-pk").first()


class BalanceSnapshot(models.Model):
    """The figures of an account, in US dollars, for as long as they stayed the same.

    The first reading with these figures was answered at ``taken_at``, the newest one asked for at
    ``confirmed_at``: readings that change nothing add no row, so that there are about as many as
    there are movements of money. ``spent`` is what our ledger had spent on the account by then.
    ``drift`` is how much the account's worth has moved past the ledger since the conclusive snapshot
    before: negative for money that left, None while that cannot be said. It arose between ``since``
    and ``until``. Made only by ``rentals.operations.drift``, which has the reasoning.
    """

    account = models.ForeignKey(
        ProviderAccount, models.CASCADE, related_name="snapshots", verbose_name=_("account")
    )
    token_mark = models.CharField(max_length=12, blank=True, editable=False)
    taken_at = models.DateTimeField(_("first read"))
    confirmed_at = models.DateTimeField(_("last confirmed"))
    balance = MoneyField(_("balance"))
    frozen = MoneyField(_("frozen"))
    spent = MoneyField(_("spent by the ledger"))
    drift = MoneyField(_("drift"), null=True, blank=True)
    since = models.DateTimeField(_("arose after"), null=True, blank=True)
    until = models.DateTimeField(_("arose before"), null=True, blank=True)
    explanation = models.CharField(_("explanation"), max_length=300, blank=True)
    explained_at = models.DateTimeField(_("explained"), null=True, blank=True)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("explained by"),
    )

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("balance snapshot")
        verbose_name_plural = _("balance snapshots")
        constraints = (
            models.CheckConstraint(
                condition=Q(drift=None) | Q(drift=0) | Q(since__isnull=False, until__isnull=False),
                name="snapshot_drift_has_window",
            ),
        )
        indexes = (
            models.Index(fields=("account", "-id"), name="snapshot_of_account"),
            models.Index(
                fields=("account", "-id"),
                condition=Q(drift__isnull=False),
                name="snapshot_conclusive",
            ),
            models.Index(fields=("id",), condition=UNEXPLAINED, name="snapshot_unexplained"),
        )

    def __str__(self) -> str:
        return f"{self.account} · {self.taken_at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def mark_of(account: ProviderAccount) -> str:
        """What tells an account's tokens apart, and says nothing about them."""
        return account.token_fingerprint[:12]

    @property
    def figures(self) -> tuple[Decimal, Decimal, Decimal]:
        """What a reading has to repeat in order to add nothing."""
        return self.balance, self.frozen, self.spent

    @property
    def size(self) -> Decimal:
        """How large the drift is, whichever way it went."""
        return abs(self.drift or ZERO)

    @property
    def worth(self) -> Decimal:
        """Balance, frozen and spent: it stays the same while only we use the account."""
        return self.balance + self.frozen + self.spent
