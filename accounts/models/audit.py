"""Who did what, when and from where: the audit trail, in one chain for each team and one for the site."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.team import Team

SIGNATURE_LENGTH = 330  # the id of a key, up to 255 characters, a colon and 64 hex digits


class Action(models.TextChoices):
    """What can be done, as a person reads it. Before the dot: what kind of thing it is done to."""

    CHAIN_BEGUN = "audit.begun", _("trail begun")

    SIGNED_UP = "user.signed_up", _("signed up")
    SIGNED_IN = "user.signed_in", _("signed in")
    SIGN_IN_FAILED = "user.sign_in_failed", _("failed to sign in")
    SIGNED_OUT = "user.signed_out", _("signed out")
    PASSWORD_CHANGED = "user.password_changed", _("password changed")
    EMAIL_ADDED = "user.email_added", _("address added")
    EMAIL_CHANGED = "user.email_changed", _("address changed")
    EMAIL_REMOVED = "user.email_removed", _("address removed")

    SESSIONS_ENDED = "user.sessions_ended", _("sessions ended")

    FACTOR_ADDED = "user.factor_added", _("second factor added")
    FACTOR_REMOVED = "user.factor_removed", _("second factor removed")
    FACTOR_RESET = "user.factor_reset", _("recovery codes made anew")

    DATA_DOWNLOADED = "user.data_downloaded", _("own data downloaded")
    USER_DELETED = "user.deleted", _("account deleted")

    TEAM_CREATED = "team.created", _("team made")
    TERMS_ACCEPTED = "team.terms_accepted", _("terms of fair use accepted")
    TERMS_WITHDRAWN = "team.terms_withdrawn", _("terms of fair use asked for again")
    FACTOR_REQUIRED = "team.factor_required", _("second factor of members required or not")
    TEAM_RENAMED = "team.renamed", _("team renamed")
    OWNERSHIP_TRANSFERRED = "team.ownership_transferred", _("ownership handed on")
    TEAM_CLOSED = "team.closed", _("team deleted")
    ROLE_CHANGED = "member.role_changed", _("role changed")
    MEMBER_INVITED = "member.invited", _("member invited")
    INVITATION_RESENT = "member.invitation_resent", _("invitation sent again")
    INVITATION_REVOKED = "member.invitation_revoked", _("invitation withdrawn")
    MEMBER_JOINED = "member.joined", _("member joined by invitation")
    MEMBER_REMOVED = "member.removed", _("member removed")
    MEMBER_LEFT = "member.left", _("member left")

    ACCOUNT_ADDED = "account.added", _("provider account added")
    ACCOUNT_RENAMED = "account.renamed", _("provider account renamed")
    TOKEN_REPLACED = "account.token_replaced", _("token replaced")
    REFERRAL_CHANGED = "account.referral_changed", _("referral ID changed")
    ACCOUNT_REMOVED = "account.removed", _("provider account removed")
    ACCOUNT_SUSPENDED = "account.suspended", _("provider account suspended")
    ACCOUNT_RESUMED = "account.resumed", _("provider account in use again")
    DRIFT_EXPLAINED = "account.drift_explained", _("difference of the balance explained")

    RETENTION_SET = "messages.retention_set", _("time that texts are kept")
    PRIVACY_SET = "messages.privacy_set", _("who sees messages")
    MESSAGE_REVEALED = "messages.revealed", _("message of somebody else revealed")

    LIMITS_SET = "limit.set", _("limits set")
    TRAIL_EXPORTED = "audit.exported", _("audit trail exported")
    HISTORY_EXPORTED = "purchase.exported", _("history of purchases exported")
    STATEMENT_EXPORTED = "ledger.exported", _("statement exported")
    CATALOGUE_REFRESHED = "catalogue.refreshed", _("lists of the provider read again")
    TOKEN_CHECKED = "account.token_checked", _("token checked with the provider")

    PURCHASE_ADOPTED = "purchase.adopted", _("number of an unknown purchase entered")
    PURCHASE_NOT_BOUGHT = "purchase.not_bought", _("unknown purchase declared not bought")
    PURCHASE_HANDED_OVER = "purchase.handed_over", _("number handed to a colleague")
    PURCHASE_WRITTEN_OFF = "purchase.written_off", _("unknown purchase written off")

    BUYING_STOPPED = "buying.stopped", _("buying stopped")
    BUYING_RESUMED = "buying.resumed", _("buying resumed")

    STAFF_ADDED = "staff.added", _("added in the admin")
    STAFF_CHANGED = "staff.changed", _("changed in the admin")
    STAFF_DELETED = "staff.deleted", _("deleted in the admin")

    @property
    def kind(self) -> str:
        """What it was done to: user, team, member, account, limit, purchase, buying, audit, staff."""
        return str(self.value).partition(".")[0]


def actions() -> list[tuple[str, Any]]:
    """The choices, behind a function: a new action then needs no migration of the table."""
    return list(Action.choices)


class AuditChain(models.Model):
    """Where a chain ends: how many entries it has, and the signature of the last one.

    Whoever adds an entry locks this row first, so that entries follow one another. It is signed too:
    to cut a chain's tail takes a signature for the new end. ``team`` is None for the site's own
    chain, and not held by the database: a trail outlives its team.
    """

    SITE = "site"

    key = models.CharField(_("chain"), max_length=32, primary_key=True)
    team = models.OneToOneField(
        Team,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="audit_chain",
        verbose_name=_("team"),
    )
    length = models.BigIntegerField(_("entries"), default=0)
    head = models.CharField(_("end"), max_length=SIGNATURE_LENGTH, blank=True)
    signature = models.CharField(max_length=SIGNATURE_LENGTH)

    class Meta:
        verbose_name = _("audit chain")
        verbose_name_plural = _("audit chains")

    def __str__(self) -> str:
        return self.key

    @staticmethod
    def key_of(team: Team | None) -> str:
        """The key of a team's chain, or of the site's."""
        return AuditChain.SITE if team is None else f"team-{team.pk}"

    def canonical(self) -> bytes:
        """What its signature is made of."""
        return canonical([self.key, self.team_id, self.length, self.head])


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Entries by whose they are."""

    def of_team(self, team: Team) -> "AuditEntryQuerySet":
        """What was done in ``team``, newest first."""
        return self.filter(chain=AuditChain.key_of(team)).order_by("-sequence")


class AuditEntry(models.Model):
    """One thing that was done. Only ``accounts.audit.record`` writes it, nothing changes it.

    The database refuses to update or delete a row (``core.append_only``). Who may switch that off is
    found out by ``manage.py verify_audit``: each entry carries an HMAC over all of its columns, which
    include the signature of the entry before it. Whoever has the database and ``AUDIT_KEYS`` could
    still write a whole new chain: against that, keep the ends that the command prints elsewhere.

    ``actor_id`` and ``object_id`` are no foreign keys, and names are kept as they were at the time: the
    trail outlives what it tells of. ``actor_id`` is None when the site itself did it.
    """

    # Every column but the signature, by name: columns that come later must not change what these say.
    SIGNED = (
        *("id", "chain_id", "sequence", "at", "actor_id", "actor_name", "actor_email", "action"),
        *("object_type", "object_id", "object_label", "before", "after", "ip", "user_agent"),
        "previous",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chain = models.ForeignKey(
        AuditChain, models.PROTECT, related_name="entries", verbose_name=_("chain")
    )
    sequence = models.BigIntegerField(_("place in the chain"))
    at = models.DateTimeField(_("at"), db_index=True)
    actor_id = models.BigIntegerField(_("who (id)"), null=True)
    actor_name = models.CharField(_("who"), max_length=100, blank=True)
    actor_email = models.CharField(_("address"), max_length=254, blank=True)
    action = models.CharField(_("action"), max_length=40, choices=actions)
    object_type = models.CharField(_("kind of thing"), max_length=60, blank=True)
    object_id = models.CharField(_("id"), max_length=64, blank=True)
    object_label = models.CharField(_("thing"), max_length=200, blank=True)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    ip = models.CharField(_("from"), max_length=45, blank=True)
    user_agent = models.CharField(_("browser"), max_length=200, blank=True)
    previous = models.CharField(max_length=SIGNATURE_LENGTH, blank=True)
    signature = models.CharField(max_length=SIGNATURE_LENGTH)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        constraints = (
            models.UniqueConstraint(fields=("chain", "sequence"), name="audit_entry_place_once"),
        )
        indexes = (models.Index("chain", "actor_id", name="audit_entry_actor"),)

    def __str__(self) -> str:
        return f"{self.chain_id} {self.sequence}: {self.action}"

    def canonical(self) -> bytes:
        """What its signature is made of."""
        return canonical([getattr(self, name) for name in self.SIGNED])

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """Name, before and after (None for nothing) of each value that it tells of."""
        names = [*self.before, *(name for name in self.after if name not in self.before)]
        return [(name, self.before.get(name), self.after.get(name)) for name in names]


def canonical(values: list[Any]) -> bytes:
    """Return one and the same bytes for the same values, from whichever database they come."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: uuid.UUID | datetime) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.astimezone(UTC).isoformat(timespec="microseconds")
