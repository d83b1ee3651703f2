"""The SMS that came."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from core import crypto
from rentals.models.purchase import Purchase


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages by what they are."""

    def with_text(self) -> "MessageQuerySet":
        """Those whose text is still kept."""
        return self.filter(text_removed_at=None)

    def alike(self, digests: Iterable[str]) -> "MessageQuerySet":
        """Those that have one of ``digests``, as ``Message.digest_of`` makes them: also if removed."""
        digests = list(digests)
        return self.filter(digest__in=[*digests, *map(Message.seal_digest, digests)])

    def with_code(self, team: Team, code: str) -> "MessageQuerySet":
        """The messages of ``team`` that brought ``code``, whole; also those whose text is removed."""
        return self.filter(Q(code=code) | Q(code_hash=Message.hash_code(team.pk, code)), team=team)


class Message(models.Model):
    """One SMS as the provider gave it, and the code we read in it. The text is hostile.

    It belongs to an activation or to a lease. ``digest`` is what tells it from the others there.
    After the team's time ``rentals.operations.retention`` takes the text and the code away, and leaves
    what tells nobody what they were: ``code_hash`` and a digest, both made with a key of the site.
    """

    activation = models.ForeignKey(
        "rentals.Activation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("activation"),
    )
    lease = models.ForeignKey(
        "rentals.Lease",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("lease"),
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="messages", verbose_name=_("team"))
    text = models.TextField(_("text"))
    code = models.CharField(_("code"), max_length=16, blank=True)
    digest = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    text_removed_at = models.DateTimeField(_("text removed"), null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    is_hidden = False  # concealed from who reads the page: what it says is not in this object

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = (
            models.UniqueConstraint(fields=("activation", "digest"), name="message_once"),
            models.UniqueConstraint(fields=("lease", "digest"), name="message_once_on_lease"),
            models.CheckConstraint(
                condition=Q(activation__isnull=False, lease=None)
                | Q(activation=None, lease__isnull=False),
                name="message_has_one_number",
            ),
            models.CheckConstraint(
                condition=Q(text_removed_at=None) | Q(text="", code=""),
                name="message_removed_is_gone",
            ),
        )
        indexes = (
            models.Index(fields=("team", "-id"), name="message_inbox"),
            models.Index(fields=("lease", "-received_at", "-id"), name="message_of_lease"),
            models.Index(
                fields=("received_at",),
                condition=Q(text_removed_at=None),
                name="message_with_text",
            ),
            models.Index(
                fields=("team", "code_hash"), condition=~Q(code_hash=""), name="message_code_hash"
            ),
        )

    def __str__(self) -> str:
        return f"{_('SMS')} {self.pk}"  # never the code: names end up in titles and logs

    def save(self, *args: Any, **options: Any) -> None:
        """Store the message; never one that was concealed, whose text would be lost."""
        if self.is_hidden:
            raise TypeError("a concealed message is for showing only")
        super().save(*args, **options)

    @property
    def purchase(self) -> Purchase:
        """What was bought when its number was."""
        number = self.activation or self.lease
        assert number is not None  # noqa: S101  the database sees to it
        return number.purchase

    @property
    def number(self) -> str:
        """The number that it came to, with its dialling code, without +."""
        return str((self.activation or self.lease).number)  # type: ignore[union-attr]

    def conceal(self) -> None:
        """Take out of this object, and not of the database, what it says; see ``rentals.visibility``."""
        self.text = self.code = ""
        self.is_hidden = self.text_removed_at is None

    @staticmethod
    def digest_of(text: str, received_at: datetime | None = None) -> str:
        """What tells messages of one number apart.

        On an activation the text alone: the provider gives no time. On a lease the time too: the
        same text at another time is another SMS.
        """
        key = text if received_at is None else f"{received_at.isoformat()}\n{text}"
        return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()

    @staticmethod
    def seal_digest(digest: str) -> str:
        """What is kept of a digest when the text is removed: short texts could be guessed from it."""
        return crypto.fingerprint(digest, purpose="sms-digest")

    @staticmethod
    def hash_code(team_id: int, code: str) -> str:
        """What is kept of a code when the text is removed: the same code in another team differs."""
        return crypto.fingerprint(code, purpose=f"sms-code:{team_id}")

    def remove_text(self) -> None:
        """Take text and code out of this row (unsaved), and keep what finds them again."""
        self.code_hash = self.hash_code(self.team_id, self.code) if self.code else ""
        self.digest = self.seal_digest(self.digest)
        self.text = self.code = ""
        self.text_removed_at = timezone.now()
