"""Something that one member of a team should know."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team


class Kind(models.TextChoices):
    """What a notification is about; ``MAILED`` says which of them also come by mail at first."""

    BACK_IN_STOCK = "back_in_stock", _("A service is back in stock (your alerts)")
    PRICE_ALERT = "price_alert", _("A price has come down (your alerts)")
    OUTCOME_UNKNOWN = "outcome_unknown", _("A purchase of unknown outcome needs a person")
    LIMIT_REACHED = "limit_reached", _("Four fifths of a limit, or all of it, are used")
    DRIFT_FOUND = "drift_found", _("Money moved past the ledger")
    LEASE_ENDS = "lease_ends", _("A long-term number ends soon")
    ACCOUNT_SUSPENDED = "account_suspended", _("The provider turned an account away")
    EXPORT_READY = "export_ready", _("A file that you asked for is ready")


MAILED = frozenset(Kind) - {Kind.EXPORT_READY, Kind.ACCOUNT_SUSPENDED}
# Accounts mails the owners about it, whatever they prefer: until they act nothing is bought.
NEVER_MAILED = frozenset({Kind.ACCOUNT_SUSPENDED})


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications by what a page asks for."""

    def of(self, membership: Membership) -> "NotificationQuerySet":
        """What one member is told in one team: nobody else sees it."""
        return self.filter(user=membership.user_id, team=membership.team_id)

    def unread(self) -> "NotificationQuerySet":
        """Those that nobody has opened yet."""
        return self.filter(read_at=None)

    def before(self, place: int | None) -> "NotificationQuerySet":
        """Newest first, after ``place`` (the last one seen) in the list."""
        newest = self.order_by("-pk")
        return newest if place is None else newest.filter(pk__lt=place)


class Notification(models.Model):
    """One thing told to one member of one team, once: ``key`` names the fact that it tells of.

    ``title`` and ``body`` are text, never an SMS and never a secret; ``url`` is a path of this site.
    Made only by ``notify.operations.notify``.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notifications",
        verbose_name=_("member"),
    )
    team = models.ForeignKey(
        Team, models.CASCADE, related_name="notifications", verbose_name=_("team")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    key = models.CharField(_("key"), max_length=120)
    title = models.CharField(_("title"), max_length=200)
    body = models.CharField(_("text"), max_length=1000, blank=True)
    url = models.CharField(_("page"), max_length=300)
    created = models.DateTimeField(_("at"), default=timezone.now, editable=False)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = (
            models.UniqueConstraint(fields=("user", "team", "key"), name="notification_once"),
        )
        indexes = (
            models.Index(fields=("user", "team", "-id"), name="notification_of_member"),
            # The count on the bell, on every page.
            models.Index(
                fields=("user", "team"),
                condition=models.Q(read_at=None),
                name="notification_unread",
            ),
            models.Index(fields=("key",), name="notification_key"),
            models.Index(fields=("created",), name="notification_age"),
        )

    def __str__(self) -> str:
        return self.title
