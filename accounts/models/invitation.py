"""An invitation: the right of whoever reads mail at an address to join a team."""

import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.models.team import Role, Team
from core import crypto

GOOD_FOR = timedelta(days=7)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations by what can still become of them."""

    def open(self) -> "InvitationQuerySet":
        """Those that nobody has accepted yet, run out or not: what the team's page lists."""
        return self.filter(accepted_at=None)

    @sensitive_variables("token")
    def with_token(self, token: str) -> "InvitationQuerySet":
        """The one that was sent with ``token``, if it is still the newest link of its invitation."""
        return self.filter(token_digest=Invitation.digest_of(token))


class Invitation(models.Model):
    """One address invited to one team. Withdrawn ones are deleted; the audit trail tells of them.

    The token is in the mail and nowhere else: kept is a keyed digest of it, which opens nothing.
    ``invited_by`` vouches for it: the link is good only as long as they may give the role.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(
        Team, models.CASCADE, related_name="invitations", verbose_name=_("team")
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("invited by")
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("good until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("accepted by"),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "email"),
                condition=Q(accepted_at=None),
                name="invitation_open_once",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
        )

    def __str__(self) -> str:
        return self.email

    @staticmethod
    @sensitive_variables()
    def digest_of(token: str) -> str:
        """What is kept of a token."""
        return crypto.fingerprint(token, purpose="invitation")

    def renew_token(self) -> str:
        """Return a new token that is good for ``GOOD_FOR`` (unsaved); the one before opens nothing."""
        token = secrets.token_urlsafe(32)
        self.token_digest = self.digest_of(token)
        self.sent_at = timezone.now()
        self.expires_at = self.sent_at + GOOD_FOR
        return token

    @property
    def has_expired(self) -> bool:
        """Whether its time is over; sending it anew gives it another week."""
        return self.expires_at <= timezone.now()
