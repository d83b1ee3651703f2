"""What the pages of buying send; every field that is not here is ignored."""

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.models.team import MOST_RETENTION_DAYS
from core.money import PLACES
from rentals.models import Activation, BalanceSnapshot, Purchase, Tag
from rentals.operations.keeping import tags_in
from rentals.visibility import may_read

MOST_MONTHS = 36  # of a lease or a renewal; the provider documents no limit
_BETWEEN_DIGITS = re.compile(r"[\s().-]+")


class AmountField(forms.DecimalField):
    """An amount in US dollars, to the ten-thousandth, that is not negative."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_digits=12, decimal_places=PLACES, **options)


class MonthsField(forms.IntegerField):
    """For how many months; at most three years, because a typing error is paid at once."""

    def __init__(self, **options: Any) -> None:
        widget = forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"})
        super().__init__(
            label=_("Months"), min_value=1, max_value=MOST_MONTHS, widget=widget, **options
        )


class Sort(TextChoices):
    """What the countries of a service are sorted by."""

    PRICE = "price", _("Cheapest first")
    DELIVERY = "delivery", _("Surest delivery first")


class QuoteForm(forms.Form):
    """One press of a button with a price on it.

    ``quoted`` is that price, in US dollars; ``client_key`` is new in each form that is rendered, so
    that sending one twice buys once.
    """

    quoted = AmountField()
    client_key = forms.UUIDField()


class BuyForm(QuoteForm):
    """The button of an offer. Whether the team may use ``account`` is for the view to find out.

    ``sort`` is how the page around it is sorted; ``at_hand`` says that the button was among favourites.
    """

    offer = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    account = forms.UUIDField()
    reusable_only = forms.BooleanField(required=False)
    sort = forms.ChoiceField(required=False, choices=Sort.choices)
    at_hand = forms.BooleanField(required=False)


class StarForm(forms.Form):
    """The star of an offer, or of a favourite: on or off."""

    offer = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    starred = forms.BooleanField(required=False)
    at_hand = forms.BooleanField(required=False)


class ChoiceForm(forms.Form):
    """What is chosen on the desk so far; it travels in the address. What makes no sense is dropped."""

    q = forms.CharField(required=False, max_length=100)
    service = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    account = forms.UUIDField(required=False)
    reusable_only = forms.BooleanField(required=False)
    sort = forms.ChoiceField(required=False, choices=Sort.choices)


class LeaseForm(QuoteForm):
    """The button of an area. Whether the team may use ``account`` is for the view to find out."""

    area = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    account = forms.UUIDField()
    months = MonthsField()


class LeaseChoiceForm(forms.Form):
    """What is chosen on the page of leases so far; it travels in the address."""

    q = forms.CharField(required=False, max_length=100)
    account = forms.UUIDField(required=False)
    months = MonthsField(required=False)


class RenewForm(QuoteForm):
    """More months for a lease. One that renews itself takes a tick: it may be paid twice."""

    months = MonthsField()
    although = forms.BooleanField(
        required=False,
        error_messages={"required": _("Tick the box first. Nothing was bought.")},
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, auto_renew: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["although"].required = auto_renew


class CancelLeaseForm(forms.Form):
    """Giving a long-term number back takes a tick besides the button."""

    confirmed = forms.BooleanField(
        error_messages={"required": _("Tick the box first. Nothing was changed.")},
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


class LinkForm(forms.Form):
    """Whether anyone with the link reads the SMS of a number."""

    is_public = forms.BooleanField(required=False)


class KeepForm(forms.Form):
    """What colleagues write on a number, and whose it is to be.

    ``was`` is the note that the form was drawn with, so that nobody writes over another's.
    """

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=Purchase._meta.get_field("note").max_length,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )
    was = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    tags = forms.MultipleChoiceField(
        label=_("Tags"), required=False, widget=forms.CheckboxSelectMultiple
    )
    more_tags = forms.CharField(
        label=_("More tags, between commas"),
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    to = forms.ModelChoiceField(
        label=_("Whose it is"),
        required=False,
        queryset=Membership.objects.none(),
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, purchase: Purchase, actor: Membership, **options: Any) -> None:
        colleagues = list(purchase.team.memberships.who_buy())
        holders = [row.pk for row in colleagues if row.user_id == purchase.whose.pk]
        initial = {
            "note": purchase.note,
            "was": purchase.note,
            "tags": [tag.name for tag in purchase.tags.all()],
            "to": next(iter(holders), None),
        }
        super().__init__(*args, **options)
        self.initial = initial
        names = [tag.name for tag in purchase.team.tags.by_name()]
        self.fields["tags"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        if not may_read(actor, purchase):  # who took it over could read it
            del self.fields["to"]
            return
        to = self.fields["to"]
        to.queryset = purchase.team.memberships.who_buy()  # type: ignore[attr-defined]
        to.label_from_instance = lambda row: row.user.short_name  # type: ignore[attr-defined]
        to.empty_label = None if holders else purchase.whose.short_name  # type: ignore[attr-defined]

    def clean_more_tags(self) -> list[str]:
        """Each tag by itself; none is longer than a tag can be."""
        found = tags_in(self.cleaned_data["more_tags"])
        longest = Tag._meta.get_field("name").max_length or 0
        if any(len(name) > longest for name in found):
            raise forms.ValidationError(
                _("A tag has at most %(count)d letters. Put commas between tags."),
                params={"count": longest},
            )
        return found


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


class AdoptOrderForm(forms.Form):
    """An order as a person found it on the provider's site: what it is for is looked up there."""

    order = forms.CharField(
        label=_("Order id, or the number"),
        max_length=128,
        validators=[
            RegexValidator(
                r"^\+?[0-9A-Za-z_-]+\Z",
                _("Paste the order id, or the number, exactly as the provider's site shows it."),
            )
        ],
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )

    def clean_order(self) -> str:
        """A number without what people write between its digits."""
        return _BETWEEN_DIGITS.sub("", self.cleaned_data["order"])


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


class LimitForm(forms.Form):
    """What a team or a member may buy; amounts in US dollars, an empty field is no limit."""

    per_purchase = AmountField(label=_("One purchase, in US dollars"), required=False)
    per_day = AmountField(label=_("A day (UTC), in US dollars"), required=False)
    per_month = AmountField(label=_("A month (UTC), in US dollars"), required=False)
    open_at_once = forms.IntegerField(
        label=_("Open at once"), required=False, min_value=0, max_value=2**31 - 1
    )


class RetentionForm(forms.Form):
    """How long the texts of a team are kept."""

    days = forms.IntegerField(
        label=_("Days"),
        min_value=1,
        max_value=MOST_RETENTION_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class PrivateMessagesForm(forms.Form):
    """Whether members see only their own messages."""

    private = forms.BooleanField(required=False)


class RevealForm(forms.Form):
    """Why a message of somebody else has to be read."""

    reason = forms.CharField(
        label=_("Why do you have to read it?"),
        max_length=200,
        error_messages={"required": _("Say in a few words why. Nothing was shown.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
