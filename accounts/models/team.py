"""Teams, and what each member may do in theirs."""

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
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


class TeamQuerySet(models.QuerySet["Team"]):
    """Teams by who may see them."""

    def of(self, user: "User") -> "TeamQuerySet":
        """Teams that ``user`` is a member of, their personal one first."""
        return self.filter(memberships__user=user).order_by("-is_personal", "name", "pk")


class Team(models.Model):
    """The owner of everything: provider accounts, purchases, money. Everyone has a personal one."""

    slug = models.SlugField(
        _("address"), max_length=SLUG_LENGTH, unique=True, default=random_slug, editable=False
    )
    name = models.CharField(_("name"), max_length=80)
    is_personal = models.BooleanField(_("personal"), default=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="accounts.Membership", related_name="teams"
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name


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

    @property
    def can_buy(self) -> bool:
        """Whether this member may spend the team's money."""
        return self.may(Role.MEMBER)

    @property
    def can_manage(self) -> bool:
        """Whether this member may change members and provider accounts."""
        return self.may(Role.ADMIN)
