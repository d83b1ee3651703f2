"""What somebody asked to be told of the catalogue."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team
from catalog.models import Country, Offer, Service
from core.money import ZERO, MoneyField

LEAST = Decimal("0.0001")
MARGIN = Decimal("1.05")  # above its price before a price alert is armed again


class AlertQuerySet(models.QuerySet["Alert"]):
    """Alerts by what a page or the check asks for."""

    def of(self, membership: Membership) -> "AlertQuerySet":
        """Those of one member in one team: nobody else's business."""
        return self.filter(user=membership.user_id, team=membership.team_id)

    def heard(self) -> "AlertQuerySet":
        """Those that somebody would be told of: not paused, of an active member of the team."""
        members = Membership.objects.filter(user=OuterRef("user"), team=OuterRef("team"))
        return self.filter(models.Exists(members), paused=False, user__is_active=True)

    def with_best(self) -> "AlertQuerySet":
        """With ``best`` and ``cost``: the cheapest offer in stock that it is about; None for none."""
        country = Coalesce(OuterRef("country"), F("country"))
        offers = Offer.objects.in_stock().filter(
            service=OuterRef("service"), service__denied="", country=country
        )
        cheapest = offers.order_by("cost", "pk")
        return self.annotate(
            best=Subquery(cheapest.values("pk")[:1]), cost=Subquery(cheapest.values("cost")[:1])
        )

    def true_now(self) -> "AlertQuerySet":
        """Those whose wish is fulfilled; after ``with_best``."""
        wish = Q(kind=Alert.Kind.STOCK) | Q(cost__lte=F("price"))
        return self.filter(wish, best__isnull=False)


class Alert(models.Model):
    """A wish of one member: told once when it comes true, then at rest until it is armed again.

    About one service, in one ``country`` or (None) in any. A ``price`` alert wants a number for
    ``price`` US dollars or less; it is armed again when the cheapest costs more than ``rearm_above``.
    A ``stock`` alert wants any number; it is armed again when there is none.
    """

    class Kind(models.TextChoices):
        """What is wished for."""

        STOCK = "stock", _("back in stock")
        PRICE = "price", _("at a price or less")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="alerts", verbose_name=_("member")
    )
    team = models.ForeignKey(Team, models.CASCADE, related_name="alerts", verbose_name=_("team"))
    service = models.ForeignKey(
        Service, models.CASCADE, related_name="+", verbose_name=_("service")
    )
    country = models.ForeignKey(
        Country, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("country")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    price = MoneyField(_("price"), null=True, blank=True, validators=(MinValueValidator(LEAST),))
    rearm_above = MoneyField(_("armed again above"), null=True, blank=True, editable=False)
    armed = models.BooleanField(_("armed"), default=True)
    paused = models.BooleanField(_("paused"), default=False)
    fired = models.PositiveIntegerField(_("times told"), default=0)
    fired_at = models.DateTimeField(_("last told"), null=True, blank=True)
    created = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    objects = AlertQuerySet.as_manager()
    # Of ``with_best``.
    best: int | None
    cost: Decimal | None

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "team", "service", "country", "kind"), name="alert_once"
            ),
            # To a unique constraint one NULL is unlike another.
            models.UniqueConstraint(
                fields=("user", "team", "service", "kind"),
                condition=Q(country=None),
                name="alert_once_anywhere",
            ),
            models.CheckConstraint(
                condition=Q(kind="stock", price=None, rearm_above=None)
                | Q(kind="price", price__gt=0, rearm_above__gt=F("price")),
                name="alert_has_price",
            ),
        )
        indexes = (
            models.Index(
                fields=("service",), condition=Q(armed=True, paused=False), name="alert_armed"
            ),
            models.Index(
                fields=("service",), condition=Q(armed=False, paused=False), name="alert_resting"
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} · {self.country or _('any country')}"

    @staticmethod
    def margin_of(price: Decimal) -> Decimal:
        """The price above which an alert at ``price`` is armed again: what wobbles does not ring twice."""
        return max((price * MARGIN).quantize(ZERO), price + LEAST)
