"""What people type about themselves, their teams and their provider accounts."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Team, User


@cache
def time_zones() -> list[tuple[str, str]]:
    """The time zones to choose from: those named for a place, and UTC."""
    places = (name for name in available_timezones() if "/" in name and "Etc/" not in name)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(places))]


class MeForm(forms.ModelForm[User]):
    """One's own name and time zone."""

    class Meta:
        model = User
        fields = ("name", "time_zone")
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones)


class TeamForm(forms.ModelForm[Team]):
    """A new team."""

    class Meta:
        model = Team
        fields = ("name",)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=Role)

    def clean_role(self) -> Role:
        """The role as a ``Role``."""
        return Role(self.cleaned_data["role"])


class SecretField(forms.CharField):
    """Something to type in and never to see again: printable ASCII, not sent back to the page."""

    def __init__(self, *, min_length: int, **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        printable = RegexValidator(
            r"^[\x21-\x7e]*$", _("Only letters, digits and signs, without blanks.")
        )
        super().__init__(
            widget=widget, min_length=min_length, max_length=256, validators=[printable], **options
        )


class AddProviderAccountForm(forms.Form):
    """A new provider account. Four characters of a token are shown later, so it has at least 8."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What your team calls this account.")
    )
    token = SecretField(
        label=_("Token"),
        min_length=8,
        help_text=_("From your SMS-BUS profile. Encrypted here; nobody sees it again."),
    )
    refer_id = SecretField(
        label=_("Referral ID"),
        min_length=1,
        required=False,
        help_text=_("Optional. Goes with each purchase made on this account."),
    )


class EditProviderAccountForm(AddProviderAccountForm):
    """Changes to a provider account; a secret that is left empty stays as it is."""

    token = SecretField(
        label=_("New token"),
        min_length=8,
        required=False,
        help_text=_(
            "Leave empty to keep the one there is. It must belong to the same SMS-BUS account "
            "while numbers are open on it."
        ),
    )
    refer_id = SecretField(
        label=_("New referral ID"),
        min_length=1,
        required=False,
        help_text=_("Leave empty to keep the one there is."),
    )
    forget_refer_id = forms.BooleanField(
        label=_("Buy without a referral ID from now on"), required=False
    )

    def chosen_refer_id(self) -> str | None:
        """What to store: a new one, "" for none, None to leave it."""
        if self.cleaned_data["forget_refer_id"]:
            return ""
        return self.cleaned_data["refer_id"] or None
