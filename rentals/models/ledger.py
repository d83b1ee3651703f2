"""The ledger: append-only entries, and the roll-up by team and day that is kept with them."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount, Team
from core.money import ZERO, MoneyField
from rentals.models.purchase import Purchase


class EntryQuerySet(models.QuerySet["LedgerEntry"]):
    """Entries by what is added up."""

    def spent(self) -> Decimal:
        """Charges and losses less refunds, in US dollars."""
        sums = self.aggregate(
            out=models.Sum("amount", filter=Q(kind__in=("charge", "loss")), default=ZERO),
            back=models.Sum("amount", filter=Q(kind="refund"), default=ZERO),
        )
        # SQLite adds floats up: what is beyond four decimals is their noise.
        return Decimal(sums["out"] - sums["back"]).quantize(ZERO)


class LedgerEntry(models.Model):
    """One movement of money, in US dollars, always positive; ``kind`` says which way.

    Entries are made only by ``rentals.ledger``. The database refuses to change or delete one
    (triggers, on both engines), to write a kind twice for a purchase, and to settle one twice.
    """

    class Kind(models.TextChoices):
        """``hold`` opens; ``charge``, ``release``, ``loss`` settle; ``refund`` follows a charge."""

        HOLD = "hold", _("reserved")
        CHARGE = "charge", _("spent")
        RELEASE = "release", _("given back")
        REFUND = "refund", _("refunded")
        LOSS = "loss", _("written off")

    SETTLEMENTS = (Kind.CHARGE, Kind.RELEASE, Kind.LOSS)

    purchase = models.ForeignKey(
        Purchase, models.PROTECT, related_name="entries", verbose_name=_("purchase")
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="entries", verbose_name=_("team"))
    account = models.ForeignKey(
        ProviderAccount, models.PROTECT, related_name="entries", verbose_name=_("provider account")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    amount = MoneyField(_("amount"))
    created = models.DateTimeField(_("created"), db_index=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        constraints = (
            models.UniqueConstraint(fields=("purchase", "kind"), name="entry_once"),
            models.UniqueConstraint(
                fields=("purchase",),
                condition=Q(kind__in=("charge", "release", "loss")),
                name="entry_settles_once",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="entry_not_negative"),
            models.CheckConstraint(
                condition=Q(kind__in=("hold", "charge", "release", "refund", "loss")),
                name="entry_kind_known",
            ),
        )
        indexes = (models.Index(fields=("team", "created"), name="entry_of_team"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class DayQuerySet(models.QuerySet["MemberDay"]):
    """Days by what a limit or a report asks for."""

    def spent(self) -> Decimal:
        """Charges and losses less refunds, in US dollars."""
        sums = self.aggregate(
            charged=models.Sum("charged", default=ZERO),
            lost=models.Sum("lost", default=ZERO),
            refunded=models.Sum("refunded", default=ZERO),
        )
        return Decimal(sums["charged"] + sums["lost"] - sums["refunded"])


class MemberDay(models.Model):
    """What one member did for a team on one UTC day; kept in the transaction of each entry.

    A team's day is the sum over its members: a handful of rows, and there are limits for both.
    """

    team = models.ForeignKey(Team, models.PROTECT, related_name="days", verbose_name=_("team"))
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("member")
    )
    day = models.DateField(_("day"))
    purchases = models.PositiveIntegerField(_("purchases"), default=0)
    held = MoneyField(_("reserved"), default=ZERO)
    charged = MoneyField(_("spent"), default=ZERO)
    released = MoneyField(_("given back"), default=ZERO)
    refunded = MoneyField(_("refunded"), default=ZERO)
    lost = MoneyField(_("written off"), default=ZERO)

    objects = DayQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of a member")
        verbose_name_plural = _("days of members")
        constraints = (
            models.UniqueConstraint(fields=("team", "day", "member"), name="memberday_once"),
        )

    def __str__(self) -> str:
        return f"{self.team} · {self.member} · {self.day}"
