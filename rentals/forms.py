"""What the pages of buying send; every field that is not here is ignored."""

from django import forms

from core.money import PLACES


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
