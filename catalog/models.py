"""The provider's catalogue as we last read it: countries, services, offers and lease areas.

The rows are the cache. Nothing is deleted when the provider is down or leaves something out: an
offer that is no longer listed keeps its row with ``listed`` off, because purchases and price
history point at it. When each list was read, and how that went, is on its ``Feed``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.naming import begins_with, has_name, sort_name
from core.money import MoneyField
from core.places import country_name

PRICES = "prices:"
AREAS = "areas"
SEARCHED = 60  # characters of a search that are looked at
ASK_AGAIN_AFTER = timedelta(seconds=60)  # how long an asked reading may take to begin


class CountryQuerySet(models.QuerySet["Country"]):
    """Countries by what they have."""

    def offered(self) -> "CountryQuerySet":
        """Countries that are listed and have a service."""
        offers = Offer.objects.listed().filter(country=models.OuterRef("pk"))
        return self.filter(models.Exists(offers), listed=True)

    def with_best_price(self) -> "CountryQuerySet":
        """With ``cheapest`` (US dollars; None when sold out) and ``services`` (in stock, allowed here).

        Both come from the index of the country's offers: slice first, a page asks for dozens.
        """
        allowed = Offer.objects.in_stock().filter(country=models.OuterRef("pk"), service__denied="")
        count = allowed.order_by().values("country").annotate(count=models.Count("pk"))
        return self.annotate(
            cheapest=models.Subquery(allowed.order_by("cost").values("cost")[:1]),
            services=Coalesce(models.Subquery(count.values("count")), 0),
        )

    def search(self, text: str) -> "CountryQuerySet":
        """Countries whose name has ``text`` in it, or whose ISO code it is: the nearest first.

        By the name that their reader sees, and by the provider's.
        """
        text = text.strip()[:SEARCHED]
        if not text:
            return self.order_by(sort_name(), "pk")
        rank = models.Case(
            models.When(iso_code__iexact=text, then=0),
            models.When(begins_with(text), then=1),
            default=2,
        )
        return (
            self.filter(has_name(text) | models.Q(iso_code__iexact=text))
            .annotate(rank=rank)
            .order_by("rank", sort_name(), "pk")
        )


class Country(models.Model):
    """A country that numbers are sold in. ``provider_id`` is text: ids can be of any length.

    ``title`` is what the provider calls it, in English: it stands in what is kept and taken away.
    """

    provider_id = models.CharField(_("provider's id"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=120)
    iso_code = models.CharField(_("ISO code"), max_length=8, blank=True)
    listed = models.BooleanField(_("listed"), default=True)

    objects = CountryQuerySet.as_manager()

    class Meta:
        verbose_name = _("country")
        verbose_name_plural = _("countries")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    @property
    def name(self) -> str:
        """What its reader calls it."""
        return country_name(self.iso_code, self.title)


class ServiceQuerySet(models.QuerySet["Service"]):
    """Services by what somebody types, and with what they cost."""

    def offered(self) -> "ServiceQuerySet":
        """Services that are listed, have a country and are allowed here."""
        offers = Offer.objects.listed().filter(service=models.OuterRef("pk"))
        return self.filter(models.Exists(offers), listed=True, denied="")

    def with_best_price(self) -> "ServiceQuerySet":
        """With ``cheapest`` (US dollars; None when sold out) and ``countries`` (in stock).

        Both come from the index of the service's offers: slice first, a page asks for dozens.
        """
        in_stock = Offer.objects.in_stock().filter(service=models.OuterRef("pk"))
        count = in_stock.order_by().values("service").annotate(count=models.Count("pk"))
        return self.annotate(
            cheapest=models.Subquery(in_stock.order_by("cost").values("cost")[:1]),
            countries=Coalesce(models.Subquery(count.values("count")), 0),
        )

    def widest_first(self, *before: str) -> "ServiceQuerySet":
        """By what stands in ``before``; then what is in stock in most countries first, then by name."""
        return self.order_by(*before, "-reach", Lower("title"), "pk")

    def search(self, text: str) -> "ServiceQuerySet":
        """Services whose name or code has ``text`` in it: the nearest first, then by name.

        Its own code comes first (``tg``), then what begins with it, then a word that does.
        """
        text = text.strip()[:SEARCHED]
        if not text:
            return self.order_by(Lower("title"), "pk")
        rank = models.Case(
            models.When(code__iexact=text, then=0),
            models.When(title__istartswith=text, then=1),
            models.When(code__istartswith=text, then=2),
            models.When(title__icontains=f" {text}", then=3),
            default=4,
        )
        return (
            self.filter(models.Q(title__icontains=text) | models.Q(code__icontains=text))
            .annotate(rank=rank)
            .order_by("rank", Lower("title"), "pk")
        )


class Service(models.Model):
    """Where an SMS comes from (Telegram, PayPal…): what the provider calls a project.

    ``reach`` is in how many countries it could be bought after the last round of readings: what is
    wanted most is sold nearly everywhere, so it says what to show first to who has typed nothing.
    """

    provider_id = models.CharField(_("provider's id"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=120)
    code = models.CharField(_("code"), max_length=32, blank=True)
    listed = models.BooleanField(_("listed"), default=True)
    denied = models.CharField(
        _("not allowed here"),
        max_length=200,
        blank=True,
        help_text=_("Why this site sells no numbers for it, as members read it. Empty: it does."),
    )
    reach = models.PositiveSmallIntegerField(_("countries in stock"), default=0, editable=False)

    objects = ServiceQuerySet.as_manager()

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

    def in_stock(self) -> "OfferQuerySet":
        """Offers that can be bought."""
        return self.listed().filter(stock__gt=0)

    def of_service(self, service: Service | int) -> "OfferQuerySet":
        """The countries of a service (or of its primary key): in stock first, then the cheapest."""
        sold_out = models.Case(models.When(stock=0, then=1), default=0)
        offers = self.listed().filter(service=service).select_related("country")
        return offers.annotate(sold_out=sold_out).order_by(
            "sold_out", "cost", "country__title", "pk"
        )

    def with_age(self) -> "OfferQuerySet":
        """With ``read_at``: when the price list that it is from was last read."""
        key = Concat(models.Value(PRICES), models.OuterRef("country__provider_id"))
        feed = Feed.objects.filter(key=key).values("fetched_at")
        return self.annotate(read_at=models.Subquery(feed))


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

    @property
    def in_stock(self) -> bool:
        """Whether the provider has numbers of it now."""
        return self.listed and self.stock > 0

    @property
    def name(self) -> str:
        """The same as its reader calls it."""
        return f"{self.service} · {self.country.name}"


class AreaQuerySet(models.QuerySet["Area"]):
    """Areas by what somebody types."""

    def listed(self) -> "AreaQuerySet":
        """Areas that the provider's last list had: in stock first, then by name."""
        sold_out = models.Case(models.When(stock=0, then=1), default=0)
        areas = self.filter(listed=True).annotate(sold_out=sold_out)
        return areas.order_by("sold_out", Lower("title"), "pk")

    def search(self, text: str) -> "AreaQuerySet":
        """Areas whose name or code has ``text`` in it."""
        text = text.strip()[:SEARCHED]
        return self.filter(models.Q(title__icontains=text) | models.Q(provider_id__iexact=text))


class Area(models.Model):
    """Where long-term numbers can be leased; ``provider_id`` is the area's code.

    ``monthly_price`` is US dollars for one month, ``min_months`` the shortest lease.
    """

    provider_id = models.CharField(_("area code"), max_length=32, unique=True)
    title = models.CharField(_("title"), max_length=120)
    monthly_price = MoneyField(_("price of a month"))
    min_months = models.PositiveSmallIntegerField(_("shortest lease in months"))
    stock = models.PositiveIntegerField(_("stock"))
    listed = models.BooleanField(_("listed"), default=True)

    objects = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


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


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the catalogue is. ``as_of`` is None when it was never read.

    Lists that cannot be read at the moment do not make ``as_of`` older for the others, unless none
    can be; ``failing`` says that there are some.
    """

    as_of: datetime | None
    is_stale: bool
    is_being_read: bool
    failing: bool


class FeedQuerySet(models.QuerySet["Feed"]):
    """Feeds, and what they say together."""

    def of_numbers(self) -> "FeedQuerySet":
        """Countries, services and prices."""
        return self.exclude(key=AREAS)

    def of_areas(self) -> "FeedQuerySet":
        """The areas to lease in: another service of the provider's, which can fail alone."""
        return self.filter(key=AREAS)

    def freshness(self) -> Freshness:
        """How old these lists are, in one query."""
        now = timezone.now()
        limit = now - timedelta(seconds=settings.CATALOG_REFRESH_SECONDS)
        healthy = models.Q(failed_at=None)
        figures = self.aggregate(
            oldest=models.Min("fetched_at"),
            oldest_healthy=models.Min("fetched_at", filter=healthy),
            overdue=models.Count(
                "pk", filter=models.Q(fetched_at=None) | models.Q(fetched_at__lt=limit)
            ),
            total=models.Count("pk"),
            failing=models.Count("pk", filter=~healthy),
            claimed_until=models.Max("claimed_until"),
            asked_at=models.Max("asked_at"),
        )
        is_stale = not figures["total"] or figures["overdue"] > 0
        claimed = figures["claimed_until"] is not None and figures["claimed_until"] > now
        asked_at, oldest = figures["asked_at"], figures["oldest"]
        asked = asked_at is not None and asked_at > now - ASK_AGAIN_AFTER
        return Freshness(
            as_of=figures["oldest_healthy"] or figures["oldest"],
            is_stale=is_stale,
            is_being_read=claimed or (asked and (oldest is None or oldest < asked_at)),
            failing=figures["failing"] > 0,
        )


class Feed(models.Model):
    """One list of the provider and how reading it last went: the age that pages show.

    ``key`` is ``countries``, ``services``, ``areas`` or ``prices:<provider's country id>``. ``changed_at`` is
    when its body was last another one, whose digest is ``body_hash``. ``claimed_until`` keeps others
    from reading it at the same time and is the fence of whoever does. ``asked_at`` (of ``countries``)
    is when somebody last asked for a new reading of the whole. ``error`` is an English sentence that
    ``gettext`` knows; it is empty, and ``failed_at`` None, once a reading has succeeded.
    """

    key = models.CharField(_("list"), max_length=80, unique=True)
    fetched_at = models.DateTimeField(_("last read"), null=True, blank=True)
    changed_at = models.DateTimeField(_("last change"), null=True, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    claimed_until = models.DateTimeField(_("being read until"), null=True, blank=True)
    asked_at = models.DateTimeField(_("last asked for"), null=True, blank=True)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    error = models.CharField(_("why it failed"), max_length=200, blank=True)

    objects = FeedQuerySet.as_manager()

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

    @staticmethod
    def prices_key(country: Country) -> str:
        """The key of the price list of ``country``."""
        return f"{PRICES}{country.provider_id}"
