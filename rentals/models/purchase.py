"""The purchase journal: everything we ever asked the provider to sell us."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import ProviderAccount, Team, User
from catalog.models import Country, Offer, Service
from core import crypto
from core.money import ZERO, MoneyField
from rentals.models.tag import Tag
from rentals.states import PURCHASE_OPEN, PurchaseState

if TYPE_CHECKING:
    from rentals.models.activation import Activation
    from rentals.models.lease import Lease

LEASE_KINDS = ("lease", "renewal")


class PurchaseQuerySet(models.QuerySet["Purchase"]):
    """Purchases by what a page or a sweep asks for."""

    def of_lease(self) -> "PurchaseQuerySet":
        """Leases and renewals, by the index that has them alone."""
        return self.filter(months__isnull=False)

    def unsettled(self) -> "PurchaseQuerySet":
        """Purchases whose money is still held."""
        return self.filter(settled_at=None)

    def not_sent(self) -> "PurchaseQuerySet":
        """Purchases that can still be given up: no worker has sent them, or they wait in the queue."""
        return self.filter(state=PurchaseState.HELD)

    def unknown(self) -> "PurchaseQuerySet":
        """Purchases of which nobody knows whether they were bought."""
        return self.filter(state=PurchaseState.UNKNOWN)

    def reserved(self) -> Decimal:
        """The money held for them, in US dollars."""
        total = self.unsettled().aggregate(sum=Coalesce(models.Sum("quoted"), ZERO))
        return Decimal(total["sum"])

    def for_display(self) -> "PurchaseQuerySet":
        """With everything that a row of the board or of history shows, in one query."""
        return self.select_related(
            "team",
            "buyer",
            "holder",
            "account",
            "country",
            "service",
            "activation",
            "activation__service",
            "lease",
            "renews",
        )

    def for_cards(self) -> "PurchaseQuerySet":
        """For display, with messages and tags, and ``price_now``: what the same number costs now.

        In US dollars; None where it is no longer offered, and for what is no number. Three queries.
        """
        offers = Offer.objects.listed().filter(
            service=models.OuterRef("service"), country=models.OuterRef("country")
        )
        price_now = models.Subquery(offers.values("cost")[:1])
        return (
            self.for_display()
            .annotate(price_now=price_now)
            .prefetch_related("activation__messages", "tags")
        )

    def on_board(self) -> "PurchaseQuerySet":
        """What the desk shows: every number unfinished, and what nobody has put away yet."""
        return self.of_numbers().filter(put_away_at=None).order_by("-pk")

    def not_leased(self) -> "PurchaseQuerySet":
        """Leases without a number: those undecided, and what came to nothing and is not put away."""
        return self.filter(kind="lease", lease=None, put_away_at=None).order_by("-pk")

    def with_answer(self) -> "PurchaseQuerySet":
        """Settled purchases whose raw answer is still kept; what is in dispute is not settled."""
        return self.filter(answer_sealed__isnull=False, settled_at__isnull=False)

    def of_numbers(self) -> "PurchaseQuerySet":
        """Numbers for one SMS, new or used again."""
        return self.exclude(kind__in=LEASE_KINDS)

    def of_leases(self) -> "PurchaseQuerySet":
        """Long-term numbers and their renewals."""
        return self.filter(kind__in=LEASE_KINDS)


class Purchase(models.Model):
    """One thing we asked the provider to sell us, written and held before anything is sent.

    A number has a country and a service. A lease has an area and months, and so has a renewal,
    which also says what it ``renews``; ``order_id`` is the provider's, and ``orders_before`` are
    those of its like that were there right before the send: never this purchase's.

    ``quoted`` is the price on the button that was pressed: what is held, and the most we pay.
    ``cost`` is the price read again right before the send. ``baseline_frozen`` is what
    the provider held right before the send and ``baseline_total`` that, the balance, and all that the
    ledger had spent by then; None where others use the account too. ``look_again_at`` is when the
    sweep has an unknown outcome looked into. ``claim`` fences the worker that is sending: an outcome
    is written only while the claim still stands.

    ``buyer`` pressed the button and is charged for it; ``holder`` is the colleague whom it was handed
    to, None while it is still the buyer's.
    """

    class Kind(models.TextChoices):
        """What was asked for."""

        NUMBER = "number", _("number")
        REUSE = "reuse", _("number used again")
        LEASE = "lease", _("lease")
        RENEWAL = "renewal", _("renewal of a lease")

    State = PurchaseState

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="purchases", verbose_name=_("team"))
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="purchases", verbose_name=_("buyer")
    )
    account = models.ForeignKey(
        ProviderAccount,
        models.PROTECT,
        related_name="purchases",
        verbose_name=_("provider account"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NUMBER)
    state = models.CharField(
        _("state"), max_length=12, choices=PurchaseState, default=PurchaseState.HELD
    )
    country = models.ForeignKey(
        Country,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("country"),
    )
    service = models.ForeignKey(
        Service,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("service"),
    )
    area_code = models.CharField(_("area code"), max_length=32, blank=True)
    area_name = models.CharField(_("area"), max_length=120, blank=True)
    months = models.PositiveSmallIntegerField(_("months"), null=True, blank=True)
    renews = models.ForeignKey(
        "rentals.Lease",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="renewals",
        verbose_name=_("renews"),
    )
    order_id = models.CharField(_("order id"), max_length=128, blank=True)
    orders_before = models.JSONField(_("orders before the send"), null=True, blank=True)
    reuse_of = models.ForeignKey(
        "rentals.Activation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reuses",
        verbose_name=_("uses again"),
    )
    reusable_only = models.BooleanField(_("only a number that can be used again"), default=False)
    instead_of = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="successor",
        verbose_name=_("queued instead of"),
    )
    quoted = MoneyField(_("quoted"))
    cost = MoneyField(_("cost"), null=True, blank=True)
    newer_quote = MoneyField(_("price found higher"), null=True, blank=True)
    client_key = models.UUIDField(_("form's key"))
    sends = models.PositiveSmallIntegerField(_("sends"), default=0)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    claim_until = models.DateTimeField(null=True, blank=True, editable=False)
    baseline_frozen = MoneyField(_("frozen before the send"), null=True, blank=True)
    baseline_total = MoneyField(_("balance and frozen before the send"), null=True, blank=True)
    look_again_at = models.DateTimeField(_("looked at again"), null=True, blank=True)
    answer_sealed = models.BinaryField(_("raw answer"), null=True, blank=True, editable=False)
    answer_removed_at = models.DateTimeField(_("raw answer removed"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=40, blank=True)
    provider_code = models.CharField(_("provider's code"), max_length=32, blank=True)
    provider_message = models.CharField(_("provider's message"), max_length=300, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    put_away_at = models.DateTimeField(_("put away"), null=True, blank=True)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handed to"),
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="purchases", verbose_name=_("tags"))

    objects = PurchaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints = (
            models.UniqueConstraint(fields=("team", "client_key"), name="purchase_once_per_key"),
            models.CheckConstraint(condition=Q(quoted__gte=0), name="purchase_quote_not_negative"),
            models.CheckConstraint(
                condition=Q(cost=None) | Q(cost__lte=models.F("quoted")),
                name="purchase_within_quote",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", claim_until__isnull=False) | ~Q(state="sending"),
                name="purchase_sending_is_claimed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=PurchaseState.values), name="purchase_state_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=("number", "reuse"),
                    country__isnull=False,
                    service__isnull=False,
                    months=None,
                    renews=None,
                )
                | Q(kind="lease", country=None, service=None, months__gte=1, renews=None)
                | Q(
                    kind="renewal", country=None, service=None, months__gte=1, renews__isnull=False
                ),
                name="purchase_says_of_what",
            ),
            models.UniqueConstraint(
                fields=("account", "order_id"),
                condition=~Q(order_id=""),
                name="purchase_order_once",
            ),
        )
        indexes = (
            models.Index(fields=("team", "-created", "-id"), name="purchase_history"),
            models.Index(fields=("created",), name="purchase_created"),
            # One for each state: that an IN of parameters implies a condition SQLite cannot know.
            models.Index(fields=("created",), condition=Q(state="held"), name="purchase_held"),
            models.Index(
                fields=("claim_until",), condition=Q(state="sending"), name="purchase_sending"
            ),
            models.Index(fields=("team",), condition=Q(settled_at=None), name="purchase_unsettled"),
            models.Index(
                fields=("team",), condition=Q(months__isnull=False), name="purchase_of_lease"
            ),
            models.Index(
                fields=("created",), condition=Q(state="unknown"), name="purchase_unknown"
            ),
            models.Index(
                fields=("team", "-id"), condition=Q(put_away_at=None), name="purchase_board"
            ),
            models.Index(
                fields=("settled_at",),
                condition=Q(answer_sealed__isnull=False),
                name="purchase_with_answer",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} · {self.place_as_sold}"

    def get_absolute_url(self) -> str:
        """The page with the timeline of this purchase."""
        return reverse("rentals:purchase", args=[self.team.slug, self.code])

    @property
    def whose(self) -> User:
        """Who looks after it now: whom it was handed to, else its buyer."""
        return self.holder or self.buyer

    @property
    def is_of_lease(self) -> bool:
        """Whether it is for a long-term number: a lease or a renewal."""
        return self.kind in LEASE_KINDS

    @property
    def title(self) -> str:
        """What was asked for: the service, or the lease and for how long."""
        if self.service is not None:
            return self.service.title
        months = self.months or 0
        if self.kind == self.Kind.RENEWAL:
            sentence = ngettext("Renewal, %(count)d month", "Renewal, %(count)d months", months)
        else:
            sentence = ngettext("Lease, %(count)d month", "Lease, %(count)d months", months)
        return sentence % {"count": months}

    @property
    def place(self) -> str:
        """Where the number is from, as its reader calls it: the country, or the area."""
        return self.country.name if self.country is not None else self.area_name

    @property
    def place_as_sold(self) -> str:
        """The same as the provider calls it, for what is kept: the language of a page is not in it."""
        return self.country.title if self.country is not None else self.area_name

    @property
    def flag_code(self) -> str:
        """The code of the flag to show; an area's code is a country's where it has a flag."""
        return self.country.iso_code if self.country is not None else self.area_code

    @property
    def goods(self) -> "Activation | Lease | None":
        """The number or the lease that it bought, if it did."""
        return getattr(self, "activation", None) or getattr(self, "lease", None)

    @property
    def number(self) -> str:
        """The number with its dialling code, without +; "" while there is none."""
        if self.renews is not None:
            return self.renews.number
        return self.goods.number if self.goods else ""

    @property
    def stands(self) -> str:
        """Where it stands, for a reader: what was bought, else the purchase itself."""
        return str((self.goods or self).get_state_display())

    @property
    def is_open(self) -> bool:
        """Whether the answer of the provider is still to come."""
        return self.state in PURCHASE_OPEN

    @property
    def price(self) -> Decimal:
        """What it costs as far as is known: the confirmed price, else the quoted one."""
        return self.quoted if self.cost is None else self.cost

    def keep_answer(self, body: str) -> None:
        """Seal the provider's raw (already scrubbed) answer into this row (unsaved)."""
        self.answer_sealed = crypto.seal(body, context=self._context())

    def answer(self) -> str | None:
        """Open the raw answer, for support; None where none came."""
        if self.answer_sealed is None:
            return None
        return crypto.unseal(self.answer_sealed, context=self._context())

    def sealed_columns(self) -> dict[str, str]:
        """Name the sealed column and its context, for ``manage.py rotate_keys``."""
        return {"answer_sealed": self._context()}

    def _context(self) -> str:
        return f"rentals.Purchase.answer:{self.code}"
