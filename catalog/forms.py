"""What the addresses of the price pages may say; what makes no sense counts as not asked for."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.browsing import Sort, Wish
from catalog.chart import Span
from catalog.models import SEARCHED

STOCK = (("", _("In stock only")), ("all", _("Sold out too")))


class PricesForm(forms.Form):
    """Which prices to show, and which of them first."""

    q = forms.CharField(label=_("Name"), required=False, max_length=SEARCHED)
    service = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    country = forms.IntegerField(
        label=_("Country"), required=False, min_value=1, max_value=2**63 - 1
    )
    stock = forms.ChoiceField(label=_("Stock"), choices=STOCK, required=False)
    sort = forms.ChoiceField(label=_("Order"), choices=Sort, required=False)
    after = forms.CharField(required=False, max_length=200)

    def wish(self) -> Wish:
        """Return what the list is to be; call it after ``is_valid``, whatever that says."""
        asked = self.cleaned_data
        return Wish(
            sort=asked.get("sort") or Sort.PRICE,
            sold_out_too=asked.get("stock") == "all",
            text=asked.get("q", ""),
            after=asked.get("after", ""),
        )


class HistoryForm(forms.Form):
    """How far back to look."""

    span = forms.ChoiceField(choices=Span, required=False)
