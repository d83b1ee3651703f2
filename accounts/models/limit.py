"""How much may be spent: for a team, and for each of its members."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.team import Team
from core.money import MoneyField


class Limit(models.Model):
    """The limits of a team (``member`` is None) or of one member in it; an empty one does not limit.

    Amounts are US dollars, reserved and spent together; days and months are UTC.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="limits", verbose_name=_("team"))
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("member"),
    )
    per_purchase = MoneyField(_("each purchase"), null=True, blank=True)
    per_day = MoneyField(_("each day"), null=True, blank=True)
    per_month = MoneyField(_("each month"), null=True, blank=True)
    open_at_once = models.PositiveIntegerField(_("open at once"), null=True, blank=True)

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        constraints = (
            models.UniqueConstraint(fields=("team", "member"), name="limit_once_for_member"),
            models.UniqueConstraint(
                fields=("team",), condition=Q(member=None), name="limit_once_for_team"
            ),
        )

    def __str__(self) -> str:
        return f"{self.team} · {self.member or _('everyone')}"
