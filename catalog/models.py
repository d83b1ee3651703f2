"""The provider's catalogue as we last read it: countries, services, offers and their history.

The rows are the cache. Nothing is deleted when the provider is down or leaves something out: an
offer that is no longer listed keeps its row with ``listed`` off, because purchases and price
history point at it. When each list was read, and how that went, is on its ``Feed``.
"""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.money import MoneyField


class Country(models.Model):
    """A country that numbers are sold in. ``provider_id`` is text: ids can be of any length."""

    provider_id = models.CharField(_("provider's id"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=120)
    iso_code = models.CharField(_("ISO code"), max_length=8, blank=True)
    listed = models.BooleanField(_("listed"), default=True)

    class Meta:
        verbose_name = _("country")
        verbose_name_plural = _("countries")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Service(models.Model):
    """Where an SMS comes from (Telegram, PayPal…): what the provider calls a project."""

    provider_id = models.CharField(_("provider's id"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=120)
    code = models.CharField(_("code"), max_length=32, blank=True)
    listed = models.BooleanField(_("listed"), default=True)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class OfferQuerySet(models.QuerySet["Offer"]):
    """Offers by what a buyer asks for."""

    def listed(self) -> "OfferQuerySet":
        """Offers that the provider's last price list had."""
        return self.filter(listed=True)

    def of_service(self, service: Service) -> "OfferQuerySet":
        """A service's countries: in stock first, then the cheapest."""
        return (
            self.listed()
            .filter(service=service)
            .select_related("country")
            .annotate(sold_out=models.Case(models.When(stock=0, then=1), default=0))
            .order_by("sold_out", "cost", "country__title")
        )


class Offer(models.Model):
    """What a number for one service in one country costs, and how many there are."""

    country = models.ForeignKey(
        Country, models.PROTECT, related_name="offers", verbose_name=_("country")
    )
    service = models.ForeignKey(
        Service, models.PROTECT, related_name="offers", verbose_name=_("service")
    )
    cost = MoneyField(_("price"))
    stock = models.PositiveIntegerField(_("stock"))
    listed = models.BooleanField(_("listed"), default=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = (
            models.UniqueConstraint(fields=("service", "country"), name="offer_once"),
            models.CheckConstraint(condition=models.Q(cost__gte=0), name="offer_cost_not_negative"),
        )
        indexes = (
            # The stock is in no index: it changes at every sync; PostgreSQL then updates in place.
            models.Index(
                fields=("service", "cost"), condition=models.Q(listed=True), name="offer_cheapest"
            ),
            models.Index(
                fields=("country", "cost"), condition=models.Q(listed=True), name="offer_of_country"
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} · {self.country}"


class PricePoint(models.Model):
    """What an offer changed to, and when: a new price, or in stock or sold out again."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="points", verbose_name=_("offer"))
    cost = MoneyField(_("price"))
    stock = models.PositiveIntegerField(_("stock"))
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("price point")
        verbose_name_plural = _("price history")
        indexes = (models.Index(fields=("offer", "at"), name="pricepoint_of_offer"),)

    def __str__(self) -> str:
        return f"{self.offer} · {self.cost}"


class Feed(models.Model):
    """One list of the provider and how reading it last went: the age that pages show.

    ``key`` is ``countries``, ``services`` or ``prices:<provider's country id>``.
    """

    key = models.CharField(_("list"), max_length=80, unique=True)
    fetched_at = models.DateTimeField(_("last read"), null=True, blank=True)
    changed_at = models.DateTimeField(_("last change"), null=True, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    error = models.CharField(_("why it failed"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")

    def __str__(self) -> str:
        return self.key

    @property
    def age(self) -> timedelta | None:
        """How old what we show is; None when it was never read."""
        return timezone.now() - self.fetched_at if self.fetched_at else None

    @property
    def is_stale(self) -> bool:
        """Whether it is time to read the list again."""
        limit = timedelta(seconds=settings.CATALOG_REFRESH_SECONDS)
        return self.age is None or self.age > limit
