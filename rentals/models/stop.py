"""Where nothing is bought at the moment, by decision of the staff."""

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount, Team

ALREADY = _("Buying is stopped there already.")


class BuyingStopQuerySet(models.QuerySet["BuyingStop"]):
    """Stops by what they hold for."""

    def on(self, account: ProviderAccount) -> "BuyingStopQuerySet":
        """All that keep ``account`` from buying, the widest first."""
        scope = Q(team=None, account=None) | Q(team=account.team_id) | Q(account=account.pk)
        return self.filter(scope).order_by("pk")

    def on_all_of(self, team: Team) -> "BuyingStopQuerySet":
        """All that keep every account of ``team`` from buying: the site's and the team's."""
        return self.filter(Q(team=None, account=None) | Q(team=team)).order_by("pk")


class BuyingStop(models.Model):
    """Buying is stopped: on the whole site, for a team or for one provider account.

    As long as the row is there. Numbers that are open go on, and so does what is being sent.
    """

    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team")
    )
    account = models.ForeignKey(
        ProviderAccount,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("provider account"),
        help_text=_("Neither a team nor an account: the whole site."),
    )
    reason = models.CharField(_("reason"), max_length=200, help_text=_("As members read it."))
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("stopped by"),
    )
    created = models.DateTimeField(_("since"), auto_now_add=True)

    objects = BuyingStopQuerySet.as_manager()

    class Meta:
        verbose_name = _("stop of buying")
        verbose_name_plural = _("stops of buying")
        constraints = (
            models.CheckConstraint(
                condition=Q(team=None) | Q(account=None),
                name="stop_one_scope",
                violation_error_message=_("Choose a team or an account, not both."),
            ),
            models.UniqueConstraint(
                fields=("team",),
                condition=~Q(team=None),
                name="stop_once_per_team",
                violation_error_message=ALREADY,
            ),
            models.UniqueConstraint(
                fields=("account",),
                condition=~Q(account=None),
                name="stop_once_per_account",
                violation_error_message=ALREADY,
            ),
            # A constant, because to a unique constraint one NULL is unlike another.
            models.UniqueConstraint(
                models.functions.Coalesce("team", 0),
                condition=Q(team=None, account=None),
                name="stop_once_for_the_site",
                violation_error_message=ALREADY,
            ),
        )

    def __str__(self) -> str:
        return str(self.account or self.team or _("the whole site"))


def with_stop(accounts: QuerySet[ProviderAccount]) -> QuerySet[ProviderAccount]:
    """Annotate each account with ``stop``: why nothing is bought on it; None where it may buy."""
    scope = Q(team=None, account=None) | Q(team=OuterRef("team")) | Q(account=OuterRef("pk"))
    reasons = BuyingStop.objects.filter(scope).order_by("pk").values("reason")
    return accounts.annotate(stop=Subquery(reasons[:1]))
