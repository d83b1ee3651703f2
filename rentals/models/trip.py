"""Where a member has numbers from: the combinations that the desk offers them first."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team
from catalog.models import Country, Offer, Service
from core.money import dollars


class TripQuerySet(models.QuerySet["Trip"]):
    """Trips by what the desk asks for."""

    def of(self, membership: Membership) -> "TripQuerySet":
        """The trips of one member of one team."""
        return self.filter(team=membership.team_id, member=membership.user_id)

    def starred_by(self, membership: Membership) -> Exists:
        """Whether an offer is a favourite of theirs, to annotate offers with."""
        same = self.of(membership).filter(service=OuterRef("service"), country=OuterRef("country"))
        return Exists(same.filter(starred_at__isnull=False))

    def at_hand(self) -> "TripQuerySet":
        """Favourites, the newest first, then the others by when they were last bought.

        With ``offer_id``, ``cost`` (US dollars) and ``stock`` as they are now: None where it is no
        longer listed.
        """
        offers = Offer.objects.listed().filter(
            service=OuterRef("service"), country=OuterRef("country")
        )
        return (
            self.filter(Q(starred_at__isnull=False) | Q(bought_at__isnull=False))
            .select_related("service", "country")
            .annotate(
                offer_id=Subquery(offers.values("pk")[:1]),
                cost=Subquery(offers.values("cost")[:1]),
                stock=Subquery(offers.values("stock")[:1]),
            )
            .order_by(F("starred_at").desc(nulls_last=True), F("bought_at").desc(nulls_last=True))
        )


class Trip(models.Model):
    """A service in a country as one member of a team uses it.

    ``starred_at`` is since when it is a favourite, ``bought_at`` when they last pressed its button;
    None for never.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="trips", verbose_name=_("team"))
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="trips", verbose_name=_("member")
    )
    service = models.ForeignKey(
        Service, models.CASCADE, related_name="+", verbose_name=_("service")
    )
    country = models.ForeignKey(
        Country, models.CASCADE, related_name="+", verbose_name=_("country")
    )
    starred_at = models.DateTimeField(_("favourite since"), null=True, blank=True)
    bought_at = models.DateTimeField(_("last bought"), null=True, blank=True)

    objects = TripQuerySet.as_manager()

    class Meta:
        verbose_name = _("trip")
        verbose_name_plural = _("trips")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "member", "service", "country"), name="trip_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} · {self.country}"

    @property
    def price(self) -> Decimal | None:
        """What it costs now, in US dollars, of a trip ``at_hand``; None where it is not listed."""
        cost: Decimal | None = getattr(self, "cost", None)
        return None if cost is None else dollars(cost)
