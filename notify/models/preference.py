"""Which notifications somebody wants by mail too."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notify.models.notification import MAILED, NEVER_MAILED, Kind


class Preference(models.Model):
    """What a person decided about one kind; without a row it is as usual (``MAILED``)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("member")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    mail = models.BooleanField(_("by mail too"))

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = (models.UniqueConstraint(fields=("user", "kind"), name="preference_once"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.get_kind_display()}"


def kinds_by_mail(user_id: int) -> set[str]:
    """Return the kinds that a person wants by mail, in one query."""
    decided = dict(Preference.objects.filter(user=user_id).values_list("kind", "mail"))
    return {kind for kind in Kind if kind not in NEVER_MAILED and decided.get(kind, kind in MAILED)}


def who_wants_mail(user_ids: list[int], kind: Kind) -> set[int]:
    """Return those of ``user_ids`` who want this kind by mail, in one query."""
    if kind in NEVER_MAILED:
        return set()
    decided = dict(
        Preference.objects.filter(user__in=user_ids, kind=kind).values_list("user", "mail")
    )
    return {user for user in user_ids if decided.get(user, kind in MAILED)}
