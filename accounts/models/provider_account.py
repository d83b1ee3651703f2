"""A team's account at the provider: its token, its referral ID, its balance."""

import random
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.models.team import Team
from core import crypto, redaction
from core.money import MoneyField

POLL_SLOTS = 1024
BALANCE_GOOD_FOR = timedelta(minutes=4)


def random_poll_slot() -> int:
    """Return which of the slots polls this account; slots are dealt out among the shards."""
    return random.randrange(POLL_SLOTS)  # noqa: S311  spreading load, not a secret


class ProviderAccountQuerySet(models.QuerySet["ProviderAccount"]):
    """Provider accounts by what they are good for."""

    def usable(self) -> "ProviderAccountQuerySet":
        """Accounts that can buy now."""
        return self.filter(state=ProviderAccount.State.ACTIVE)

    def kept(self) -> "ProviderAccountQuerySet":
        """Accounts that their team still has; removed ones only keep the books together."""
        return self.exclude(state=ProviderAccount.State.REMOVED)

    def shared(self) -> "ProviderAccountQuerySet":
        """Accounts of teams, not of one member."""
        return self.filter(private_to=None)

    def for_member(self, user_id: int) -> "ProviderAccountQuerySet":
        """Accounts that a member of their team may see and buy with: the team's and their own."""
        return self.filter(Q(private_to=None) | Q(private_to=user_id))

    def due(self) -> "ProviderAccountQuerySet":
        """Accounts whose balance is to be read again; not those with a refused token."""
        answering = Q(state=ProviderAccount.State.ACTIVE) | Q(
            state=ProviderAccount.State.SUSPENDED, suspended_code=ProviderAccount.NOT_ACTIVATED
        )
        old = Q(balance_at=None) | Q(balance_at__lt=timezone.now() - BALANCE_GOOD_FOR)
        return self.filter(answering, old)

    def untold(self) -> "ProviderAccountQuerySet":
        """Suspended accounts whose owners were not mailed about it yet."""
        return self.filter(state=ProviderAccount.State.SUSPENDED, owners_told_at=None)


class ProviderAccount(models.Model):
    """One SMS-BUS account of a team.

    The token and the referral ID are write-only: sealed with this row as context, opened only by
    ``token()`` and ``refer_id()`` where a call to the provider is about to be made. ``slots`` is how many
    numbers may be open at once, learned from a 50104. ``frozen_confirmed`` counts the purchases whose
    price was seen to move into ``frozen`` exactly; one that was not switches off what relies on it. Rows are never
    deleted while purchases point at them: removing an account wipes its secrets and keeps the row.
    """

    class State(models.TextChoices):
        """``SUSPENDED`` means that the provider no longer takes the token, or wants activation."""

        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        REMOVED = "removed", _("removed")

    NOT_ACTIVATED = 50208  # the code that says so; all that suspends besides it means a wrong token

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(
        Team, models.PROTECT, related_name="provider_accounts", verbose_name=_("team")
    )
    private_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="private_accounts",
        verbose_name=_("private to"),
    )
    name = models.CharField(_("name"), max_length=80)
    token_sealed = models.BinaryField(_("token"), blank=True, default=b"")
    token_last4 = models.CharField(_("token ends in"), max_length=4, blank=True)
    token_fingerprint = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    refer_id_sealed = models.BinaryField(_("referral ID"), blank=True, default=b"")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    suspended_code = models.IntegerField(_("why suspended"), null=True, blank=True)
    suspended_at = models.DateTimeField(_("suspended since"), null=True, blank=True)
    owners_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    balance = MoneyField(_("balance"), null=True, blank=True)
    frozen = MoneyField(_("frozen"), null=True, blank=True)
    balance_at = models.DateTimeField(_("balance read"), null=True, blank=True)
    poll_slot = models.PositiveSmallIntegerField(default=random_poll_slot, editable=False)
    slots = models.PositiveSmallIntegerField(_("numbers open at once"), null=True, blank=True)
    slots_at = models.DateTimeField(_("limit learned"), null=True, blank=True)
    frozen_confirmed = models.PositiveSmallIntegerField(_("purchases seen in frozen"), default=0)
    frozen_contradicted_at = models.DateTimeField(_("frozen did not fit"), null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ProviderAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider account")
        verbose_name_plural = _("provider accounts")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "token_fingerprint"),
                condition=~Q(token_fingerprint=""),
                name="provider_account_token_once",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @sensitive_variables()
    def set_token(self, token: str) -> None:
        """Seal ``token`` into this row (unsaved)."""
        self.token_sealed = crypto.seal(token, context=self._context("token"))
        self.token_last4 = token[-4:]
        self.token_fingerprint = crypto.fingerprint(token, purpose="provider-token")

    @sensitive_variables()
    def set_refer_id(self, refer_id: str) -> None:
        """Seal ``refer_id`` into this row (unsaved); an empty one takes it away."""
        self.refer_id_sealed = (
            crypto.seal(refer_id, context=self._context("refer_id")) if refer_id else b""
        )

    def token(self) -> str:
        """Open the token, to make a call with it; no log line of this process will show it.

        Raises ``core.crypto.CannotUnseal``.
        """
        token = crypto.unseal(self.token_sealed, context=self._context("token"))
        redaction.register(token)
        return token

    def refer_id(self) -> str | None:
        """Open the referral ID; None where none is set."""
        if not self.refer_id_sealed:
            return None
        return crypto.unseal(self.refer_id_sealed, context=self._context("refer_id"))

    def sealed_columns(self) -> dict[str, str]:
        """Name the sealed columns and the context of each, for ``manage.py rotate_keys``."""
        return {
            "token_sealed": self._context("token"),
            "refer_id_sealed": self._context("refer_id"),
        }

    @property
    def has_refer_id(self) -> bool:
        """Whether purchases carry a referral ID."""
        return bool(self.refer_id_sealed)

    def is_for(self, user_id: int) -> bool:
        """Whether this member of its team may see it and buy with it."""
        return self.private_to_id in (None, user_id)

    @property
    def is_active(self) -> bool:
        """Whether this account can buy now."""
        return self.state == self.State.ACTIVE

    @property
    def wants_activation(self) -> bool:
        """Whether it is set aside until its owner follows the link in the provider's mail."""
        return self.state == self.State.SUSPENDED and self.suspended_code == self.NOT_ACTIVATED

    def _context(self, field: str) -> str:
        return f"accounts.ProviderAccount.{field}:{self.pk}"
