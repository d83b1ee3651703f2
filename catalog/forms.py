"""What the address of the price page may say."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import SEARCHED


class PricesForm(forms.Form):
    """Which prices to show; what does not make sense counts as not asked for."""

    q = forms.CharField(label=_("Service"), required=False, max_length=SEARCHED)
    service = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    country = forms.IntegerField(
        label=_("Country"), required=False, min_value=1, max_value=2**63 - 1
    )
    in_stock = forms.BooleanField(label=_("In stock only"), required=False)
