"""A person, known by their e-mail address."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

DEMO_EMAIL = "demo@busstop.example"


class Theme(models.TextChoices):
    """Light or dark pages. Nothing chosen: what the reader's system has."""

    LIGHT = "light", _("light")
    DARK = "dark", _("dark")

    __empty__ = _("as the system has it")


class UserManager(BaseUserManager["User"]):
    """Makes users whose address is stored in lower case: one mailbox, one person."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user; without ``password`` nobody can sign in with one."""
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user who may do everything in the admin."""
        return self.create_user(
            email, password, **fields | {"is_staff": True, "is_superuser": True}
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by address in any case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. What they may do in a team is on their ``Membership``."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    copies_codes = models.BooleanField(_("copy a code when it arrives"), default=False)
    plays_sound = models.BooleanField(_("a sound when a code arrives"), default=False)
    shows_notices = models.BooleanField(_("a notification when a code arrives"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_any_case"),)

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Keep the address in lower case from forms too."""
        super().clean()
        self.email = self.email.lower()

    @property
    def is_demo(self) -> bool:
        """Whether this is who one click signs in, where the site runs on its own sandbox."""
        return settings.DEMO and self.email == DEMO_EMAIL

    @property
    def short_name(self) -> str:
        """The name to call them by: their own, else what stands before the @."""
        if self.deleted_at is not None:
            return gettext("deleted member #%(id)s") % {"id": self.pk}
        return self.name or self.email.split("@")[0]
