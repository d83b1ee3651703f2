"""Words of a team's own that group purchases: a project, a customer, a test run."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import Team


class TagQuerySet(models.QuerySet["Tag"]):
    """Tags by what a page asks for."""

    def by_name(self) -> "TagQuerySet":
        """As a person looks them up."""
        return self.order_by(Lower("name"), "pk")


class Tag(models.Model):
    """One word of a team's; ``Purchase.tags`` are those of a purchase.

    The same word in other letters (``QA``, ``qa``) is the same tag, written as it was first.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="tags", verbose_name=_("team"))
    name = models.CharField(_("name"), max_length=30)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = (models.UniqueConstraint("team", Lower("name"), name="tag_once_in_any_case"),)

    def __str__(self) -> str:
        return self.name
