"""What staff type in about who is in a team: a team always keeps an owner."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from unfold.forms import PaginationInlineFormSet

from accounts.models import Membership, Role


def _needs_owner() -> ValidationError:
    return ValidationError(_("A team needs an owner. Make another member an owner first."))


class MembershipForm(forms.ModelForm[Membership]):
    """One member; the last owner stays one."""

    class Meta:
        model = Membership
        fields = ("team", "user", "role")

    def clean(self) -> dict[str, Any]:
        """Refuse to take the last owner's role, or the last owner to another team."""
        cleaned = super().clean() or {}
        before = Membership.objects.filter(pk=self.instance.pk, role=Role.OWNER).first()
        stays = cleaned.get("role") == Role.OWNER and before and cleaned.get("team") == before.team
        if before is not None and not stays:
            others = Membership.objects.filter(team=before.team_id, role=Role.OWNER)
            if not others.exclude(pk=before.pk).exists():
                raise _needs_owner()
        return cleaned


class MembershipFormSet(PaginationInlineFormSet):
    """The members on the page of a team: what is left of them includes an owner."""

    def clean(self) -> None:
        """Refuse to leave the team without an owner."""
        super().clean()
        shown, owners = set(), 0
        for form in self.forms:
            shown.add(form.instance.pk)
            is_deleted = self.can_delete and self._should_delete_form(form)
            role = form.cleaned_data.get("role") if hasattr(form, "cleaned_data") else None
            owners += role == Role.OWNER and not is_deleted
        elsewhere = Membership.objects.filter(team=self.instance.pk, role=Role.OWNER)
        if (
            self.instance.pk
            and not owners
            and not elsewhere.exclude(pk__in=shown - {None}).exists()
        ):
            raise _needs_owner()
