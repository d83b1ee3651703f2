"""A number that is leased for months."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount, Team
from rentals.models.message import Message
from rentals.models.purchase import Purchase, PurchaseQuerySet
from rentals.states import LEASE_KEPT, PURCHASE_UNDECIDED, LeaseState, PurchaseState

CANCEL_WITHIN = timedelta(minutes=20)  # of the order; the provider's documented rule


class LeaseQuerySet(models.QuerySet["Lease"]):
    """Leases by what a page or a reading asks for."""

    def kept(self) -> "LeaseQuerySet":
        """Numbers that are ours, or can be again by a renewal."""
        return self.filter(state__in=LEASE_KEPT)

    def over(self) -> "LeaseQuerySet":
        """Numbers that are gone: released or cancelled."""
        return self.exclude(state__in=LEASE_KEPT)

    def for_display(self) -> "LeaseQuerySet":
        """With everything that a row of the team's leases shows; ``newest_messages`` has the rest."""
        related = self.select_related("purchase__account", "account", "team")
        return related.prefetch_related("renewals__entries")

    def newest_messages(self) -> dict[int, Message]:
        """The newest SMS of each that has one, by the lease's primary key; one query."""
        newest = Message.objects.filter(lease=OuterRef("pk")).order_by("-received_at", "-pk")
        keys = self.order_by().annotate(newest=Subquery(newest.values("pk")[:1])).values("newest")
        return {row.lease_id: row for row in Message.objects.filter(pk__in=keys) if row.lease_id}


class Lease(models.Model):
    """One long-term number: all services, many SMS.

    It runs until ``expire_at`` and can be renewed until ``keep_at``: both are the provider's word,
    read again and again, as are ``auto_renew`` and the public link. The money is its purchase's and
    its renewals'. ``read_at`` is when its inbox was last read.
    """

    State = LeaseState

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purchase = models.OneToOneField(
        Purchase, models.PROTECT, related_name="lease", verbose_name=_("purchase")
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="leases", verbose_name=_("team"))
    account = models.ForeignKey(
        ProviderAccount,
        models.PROTECT,
        related_name="leases",
        verbose_name=_("provider account"),
    )
    area_code = models.CharField(_("area code"), max_length=32)
    area_name = models.CharField(_("area"), max_length=120, blank=True)
    dialing_code = models.CharField(_("dialling code"), max_length=16)
    number = models.CharField(_("number"), max_length=64)
    state = models.CharField(
        _("state"), max_length=12, choices=LeaseState, default=LeaseState.ACTIVE
    )
    begin_at = models.DateTimeField(_("leased"), default=timezone.now)
    expire_at = models.DateTimeField(_("runs until"))
    keep_at = models.DateTimeField(_("kept until"))
    auto_renew = models.BooleanField(_("renews itself"), default=False)
    is_public = models.BooleanField(_("anyone with the link reads its SMS"), default=False)
    public_link = models.CharField(_("link"), max_length=500, blank=True)
    read_at = models.DateTimeField(_("inbox read"), null=True, blank=True)
    cancel_asked_at = models.DateTimeField(_("cancel asked"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=LeaseState.values), name="lease_state_known"
            ),
        )
        indexes = (
            models.Index(fields=("team", "-id"), name="lease_of_team"),
            models.Index(fields=("account",), condition=Q(state__in=LEASE_KEPT), name="lease_kept"),
            models.Index(fields=("number",), name="lease_number"),
            models.Index(
                fields=("cancel_asked_at",),
                condition=Q(state="cancelling"),
                name="lease_cancelling",
            ),
        )

    def __str__(self) -> str:
        return f"+{self.number}"

    def get_absolute_url(self) -> str:
        """The page of this number: its inbox, its dates and its money."""
        return reverse("rentals:lease", args=[self.team.slug, self.code])

    @property
    def purchases(self) -> PurchaseQuerySet:
        """What was paid for it: its own purchase and each renewal, newest first."""
        paid = Purchase.objects.filter(Q(pk=self.purchase_id) | Q(renews=self.pk))
        return paid.order_by("-created", "-pk")

    @property
    def months(self) -> int:
        """How many months were bought here and not given back; reads the renewals and entries."""
        renewals = [r for r in self.renewals.all() if r.state == PurchaseState.BOUGHT]
        kept = [r for r in renewals if all(e.kind != "refund" for e in r.entries.all())]
        return sum(purchase.months or 0 for purchase in (self.purchase, *kept))

    @property
    def is_being_renewed(self) -> bool:
        """Whether a renewal is on its way, or nobody knows yet what became of one."""
        return any(renewal.state in PURCHASE_UNDECIDED for renewal in self.renewals.all())

    @property
    def mobile_number(self) -> str:
        """The number as the lease calls want it: without its dialling code."""
        return self.number.removeprefix(self.dialing_code)

    @property
    def is_kept(self) -> bool:
        """Whether it is ours, or can be again by a renewal."""
        return self.state in LEASE_KEPT

    @property
    def can_renew(self) -> bool:
        """Whether a renewal makes sense: it runs, or its week of grace does."""
        return self.state in (LeaseState.ACTIVE, LeaseState.GRACE)

    @property
    def cancel_until(self) -> datetime:
        """Until when the provider lets it be cancelled, as far as our clock is right."""
        return self.begin_at + CANCEL_WITHIN

    @property
    def can_cancel(self) -> bool:
        """Whether the provider would cancel it: in time, no SMS yet, and not renewed since."""
        if self.state != LeaseState.ACTIVE or timezone.now() >= self.cancel_until:
            return False
        lengthened = self.renewals.filter(state=PurchaseState.BOUGHT).exists()
        return not lengthened and not self.messages.exists()
