"""What the pages of buying send; every field that is not here is ignored."""

import re

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from core.money import PLACES
from rentals.models import Activation, BalanceSnapshot

_BETWEEN_DIGITS = re.compile(r"[\s().-]+")


class QuoteForm(forms.Form):
    """One press of a button with a price on it.

    ``quoted`` is that price, in US dollars; ``client_key`` is new in each form that is rendered, so
    that sending one twice buys once.
    """

    quoted = forms.DecimalField(max_digits=12, decimal_places=PLACES, min_value=0)
    client_key = forms.UUIDField()


class BuyForm(QuoteForm):
    """The button of an offer. Whether the team may use ``account`` is for the view to find out."""

    offer = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    account = forms.UUIDField()
    reusable_only = forms.BooleanField(required=False)


class ChoiceForm(forms.Form):
    """What is chosen on the desk so far; it travels in the address. What makes no sense is dropped."""

    q = forms.CharField(required=False, max_length=100)
    service = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    account = forms.UUIDField(required=False)
    reusable_only = forms.BooleanField(required=False)


class AdoptForm(forms.Form):
    """A number as a person found it on the provider's site."""

    request_id = forms.CharField(
        label=_("Request id"),
        max_length=Activation._meta.get_field("request_id").max_length,
        validators=[
            # An id of zeros is what the provider writes where it has none.
            RegexValidator(
                r"^(?!0+$)[0-9A-Za-z_-]+\Z",
                _("Paste the request id exactly as the provider's site shows it."),
            )
        ],
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    number = forms.CharField(
        label=_("Number with its dialling code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "off", "inputmode": "tel", "dir": "ltr"}
        ),
    )

    def clean_number(self) -> str:
        """The digits alone, as the provider's calls give them."""
        digits = _BETWEEN_DIGITS.sub("", self.cleaned_data["number"]).removeprefix("+")
        if not re.fullmatch(r"[0-9]{5,20}", digits):
            raise forms.ValidationError(
                _("Paste the whole number: digits only, with or without +.")
            )
        return digits


class WriteOffForm(forms.Form):
    """Giving money up for lost takes a tick besides the button."""

    confirmed = forms.BooleanField(
        error_messages={"required": _("Tick the box first. Nothing was changed.")},
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


class ExplainForm(forms.Form):
    """What a difference between the balance and the ledger was."""

    explanation = forms.CharField(
        label=_("What was it?"),
        max_length=BalanceSnapshot._meta.get_field("explanation").max_length,
        error_messages={"required": _("Say in a few words what it was. Nothing was changed.")},
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
