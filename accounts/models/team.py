"""Teams, and what each member may do in theirs."""

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models.provider_account import ProviderAccount, ProviderAccountQuerySet
    from accounts.models.user import User

SLUG_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for something else
SLUG_LENGTH = 10


def random_slug() -> str:
    """Return a team's address: random, so that teams can be neither guessed nor counted."""
    return "".join(secrets.choice(SLUG_ALPHABET) for _ in range(SLUG_LENGTH))


class Role(models.TextChoices):
    """What a member may do, each role everything that the one after it may."""

    OWNER = "owner", _("owner")
    ADMIN = "admin", _("admin")
    MEMBER = "member", _("member")
    VIEWER = "viewer", _("viewer")

    def at_least(self, other: "Role") -> bool:
        """Whether this role includes everything that ``other`` may do."""
        order = list(Role)
        return order.index(self) <= order.index(other)


# Another version asks every team again: change it with the sentences of ``accounts/_terms.html``.
TERMS_VERSION = "2026-11"


# How many days a team keeps the texts of its SMS, unless it says otherwise; and the most it may say.
RETENTION_DAYS = 30
MOST_RETENTION_DAYS = 365


class TeamQuerySet(models.QuerySet["Team"]):
    """Teams by who may see them."""

    def of(self, user: "User") -> "TeamQuerySet":
        """Teams that ``user`` is a member of, their personal one first."""
        return self.filter(memberships__user=user, closed_at=None).order_by(
            "-is_personal", "name", "pk"
        )


class Team(models.Model):
    """The owner of everything: provider accounts, purchases, money. Everyone has a personal one.

    One that was deleted (``closed_at``) has no members and no tokens any more, and keeps its books.
    """

    slug = models.SlugField(
        _("address"), max_length=SLUG_LENGTH, unique=True, default=random_slug, editable=False
    )
    name = models.CharField(_("name"), max_length=80)
    is_personal = models.BooleanField(_("personal"), default=False)
    needs_second_factor = models.BooleanField(_("members need a second factor"), default=False)
    retention_days = models.PositiveSmallIntegerField(
        _("days that texts are kept"),
        default=RETENTION_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_RETENTION_DAYS)],
    )
    private_messages = models.BooleanField(_("members see only their own messages"), default=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    closed_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    purpose = models.CharField(
        _("what the numbers are for"),
        max_length=300,
        blank=True,
        help_text=_("For example: sign-up tests of our own app in twelve countries."),
    )
    terms_version = models.CharField(_("terms"), max_length=20, blank=True, editable=False)
    terms_accepted_at = models.DateTimeField(_("terms accepted"), null=True, editable=False)
    terms_accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("terms accepted by"),
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="accounts.Membership", related_name="teams"
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(retention_days__gte=1, retention_days__lte=MOST_RETENTION_DAYS),
                name="team_retention_bounded",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def has_accepted_terms(self) -> bool:
        """Whether the team may buy: it has accepted the terms of fair use as they are now."""
        return self.terms_version == TERMS_VERSION


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships by what their role allows."""

    def who_buy(self) -> "MembershipQuerySet":
        """Those who may spend the team's money, by name, with their users."""
        buyers = [role for role in Role if role.at_least(Role.MEMBER)]
        return (
            self.filter(role__in=buyers)
            .select_related("user", "team")
            .order_by("user__name", "user__email")
        )


class Membership(models.Model):
    """One person in one team, with a role."""

    team = models.ForeignKey(
        Team, models.CASCADE, related_name="memberships", verbose_name=_("team")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="memberships",
        verbose_name=_("member"),
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    created = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            models.UniqueConstraint(fields=("team", "user"), name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.team} · {self.get_role_display()}"

    def may(self, role: Role) -> bool:
        """Whether this member may do what ``role`` may."""
        return Role(self.role).at_least(role)

    def may_manage(self, other: "Membership") -> bool:
        """Whether this member may change the role of ``other``, or take them out of the team."""
        return self.may(Role.OWNER if other.role == Role.OWNER else Role.ADMIN)

    def may_give(self, role: Role) -> bool:
        """Whether this member may make somebody a member with ``role``."""
        return self.may(Role.OWNER if role == Role.OWNER else Role.ADMIN)

    def provider_accounts(self) -> "ProviderAccountQuerySet":
        """The accounts that this member may see and buy with: the team's, and private ones of theirs."""
        return self.team.provider_accounts.kept().for_member(self.user_id)

    def manages(self, account: "ProviderAccount") -> bool:
        """Whether this member may change ``account``, one of those that they see."""
        return self.can_manage if account.private_to_id is None else account.is_for(self.user_id)

    @property
    def can_buy(self) -> bool:
        """Whether this member may spend the team's money."""
        return self.may(Role.MEMBER)

    @property
    def can_manage(self) -> bool:
        """Whether this member may change members and provider accounts."""
        return self.may(Role.ADMIN)
