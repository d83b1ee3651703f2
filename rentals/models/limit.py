"""How much a team, or one of its members, may buy."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team
from core.money import ZERO, MoneyField

NOT_NEGATIVE = (MinValueValidator(ZERO),)


class Limit(models.Model):
    """What a team as a whole (``member`` is None) or one member of it may buy; None is no limit.

    Amounts are US dollars, days and months are UTC. A member is held to the team's row and to their
    own. The row of somebody who leaves stays, and binds them again should they come back.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="limits", verbose_name=_("team"))
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("member"),
        help_text=_("Nobody: the limit is that of the whole team."),
    )
    per_purchase = MoneyField(_("for one purchase"), null=True, blank=True, validators=NOT_NEGATIVE)
    per_day = MoneyField(_("a day"), null=True, blank=True, validators=NOT_NEGATIVE)
    per_month = MoneyField(_("a month"), null=True, blank=True, validators=NOT_NEGATIVE)
    open_at_once = models.PositiveIntegerField(_("open at once"), null=True, blank=True)

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        constraints = (
            models.UniqueConstraint(fields=("team", "member"), name="limit_once_per_member"),
            # To a unique constraint one NULL is unlike another.
            models.UniqueConstraint(
                fields=("team",),
                condition=Q(member=None),
                name="limit_once_per_team",
                violation_error_message=_("The team's limits exist already. Change those."),
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{name: None}) | Q(**{f"{name}__gte": 0}),
                    name=f"limit_{name}_not_negative",
                )
                for name in ("per_purchase", "per_day", "per_month", "open_at_once")
            ),
        )

    def __str__(self) -> str:
        return f"{self.team} · {self.member or _('whole team')}"

    def clean(self) -> None:
        """Refuse somebody who is not in the team."""
        others = Membership.objects.filter(team=self.team_id, user=self.member_id)
        if self.member_id is not None and not others.exists():
            raise ValidationError({"member": _("They are not a member of this team.")})
