"""What people type about themselves, their teams and their provider accounts."""

from collections import Counter
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models import Membership, Role, Team, Theme, User


@cache
def time_zones() -> list[tuple[str, str]]:
    """The time zones to choose from: those named for a place, and UTC."""
    places = (name for name in available_timezones() if "/" in name and "Etc/" not in name)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(places))]


@cache
def zones_by_place() -> dict[str, str]:
    """What people type → the name of a zone: "europe/berlin", and "berlin" where there is one."""
    names = [name for name, _label in time_zones()]
    places = Counter(name.rpartition("/")[2].lower() for name in names)
    short = {place: name for name in names if places[place := name.rpartition("/")[2].lower()] == 1}
    return short | {name.lower(): name for name in names}


def languages() -> list[tuple[str, StrOrPromise]]:
    """The languages of the site, each by its own name, and what the browser asks for."""
    names = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
    return [("", _("as the browser has it")), *names]


class AppearanceForm(forms.Form):
    """Language and theme of the pages; nothing chosen is what the browser and the system have."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=languages,
        required=False,
    )
    theme = forms.ChoiceField(
        label=_("Theme"),
        choices=[("", Theme.__empty__), *Theme.choices],
        required=False,
    )


class MeForm(AppearanceForm, forms.ModelForm[User]):
    """One's own name, language, time zone and theme."""

    class Meta:
        model = User
        fields = ("name", "language", "time_zone", "theme")
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        help_text=_("Type a city, as in Berlin or New York."),
        widget=forms.TextInput(
            attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    field_order = ("name", "time_zone", "language", "theme")

    def clean_time_zone(self) -> str:
        """The name of the zone, however its place was typed."""
        typed = "_".join(self.cleaned_data["time_zone"].lower().split())
        if typed not in zones_by_place():
            raise forms.ValidationError(
                _("There is no such time zone. Choose one from the list that opens as you type.")
            )
        return zones_by_place()[typed]


class DeleteForm(forms.Form):
    """Deleting one's account takes one's address besides the button."""

    address = forms.CharField(
        label=_("Your e-mail address"),
        help_text=_("To be sure: type the address that you sign in with."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user

    def clean_address(self) -> str:
        """Their own, in any case."""
        address: str = self.cleaned_data["address"].strip().lower()
        if address != self.user.email:
            raise forms.ValidationError(_("That is not your address. Nothing was deleted."))
        return address


class AlertsForm(forms.ModelForm[User]):
    """What happens when a code arrives, each on or off."""

    class Meta:
        model = User
        fields = ("copies_codes", "plays_sound", "shows_notices")


class TeamForm(forms.ModelForm[Team]):
    """A new team."""

    class Meta:
        model = Team
        fields = ("name",)


class TransferForm(forms.Form):
    """Who is to own the team."""

    user_id = forms.TypedChoiceField(label=_("New owner"), coerce=int)

    def __init__(self, data: Any = None, *, membership: Membership) -> None:
        super().__init__(data)
        others = membership.team.memberships.exclude(pk=membership.pk).select_related("user")
        self.fields["user_id"].choices = [  # type: ignore[attr-defined]
            (one.user_id, f"{one.user.short_name} · {one.user.email}")
            for one in others.order_by("pk")
        ]


class DeleteTeamForm(forms.Form):
    """The team's name, typed, so that no hasty click deletes it."""

    name = forms.CharField(
        label=_("The team’s name"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    give_up_leases = forms.BooleanField(label=_("Give up the leased numbers."), required=False)

    def __init__(self, data: Any = None, *, team: Team, leases: int) -> None:
        super().__init__(data)
        self.team = team
        if leases:
            self.fields["give_up_leases"].required = True
        else:
            del self.fields["give_up_leases"]

    def clean_name(self) -> str:
        """The very name, blanks at its ends aside."""
        name = str(self.cleaned_data["name"])
        if name != self.team.name.strip():
            raise forms.ValidationError(_("This is not the team’s name. Nothing was deleted."))
        return name


class TermsForm(forms.ModelForm[Team]):
    """The terms of fair use, accepted for a team."""

    class Meta:
        model = Team
        fields = ("purpose",)

    accepted = forms.BooleanField(
        label=_("We use numbers as these terms say."),
        error_messages={"required": _("Tick the box to accept the terms. Nothing was changed.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["purpose"].required = True


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=Role)

    def clean_role(self) -> Role:
        """The role as a ``Role``."""
        return Role(self.cleaned_data["role"])


class InviteForm(forms.Form):
    """Who is to join, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)

    def __init__(self, data: Any = None, *, membership: Membership) -> None:
        super().__init__(data, auto_id="invite_%s")
        roles = [(role.value, role.label) for role in Role if membership.may_give(role)]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        """In lower case, as addresses are kept: one mailbox, one person."""
        return str(self.cleaned_data["email"]).lower()

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
    private = forms.BooleanField(
        label=_("Only I see and use it"),
        required=False,
        help_text=_(
            "What you buy with it is in the team’s history all the same. "
            "It is closed when you leave the team."
        ),
    )


class EditProviderAccountForm(AddProviderAccountForm):
    """Changes to a provider account; a secret that is left empty stays as it is."""

    private = None  # type: ignore[assignment]  # whose it is does not change

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


class TrailForm(forms.Form):
    """Which part of the audit trail to show."""

    KINDS = (
        ("", _("Everything")),
        ("member", _("Members")),
        ("account", _("Provider accounts")),
        ("limit", _("Limits")),
        ("purchase", _("Purchases")),
        ("staff", _("By the staff of this site")),
    )

    kind = forms.ChoiceField(label=_("About"), choices=KINDS, required=False)
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )
