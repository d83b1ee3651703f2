"""What people may ask to be told."""

from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from catalog.models import Country, Service
from core.money import PLACES
from notify.models import Alert, Kind
from notify.models.alert import LEAST
from notify.models.notification import NEVER_MAILED

BIGGEST_ID = 2**63 - 1


class AlertForm(forms.Form):
    """An alert; no country stands for any. A price belongs to the kind that has one."""

    service = forms.IntegerField(min_value=1, max_value=BIGGEST_ID)
    country = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    kind = forms.ChoiceField(choices=Alert.Kind)
    price = forms.DecimalField(
        label=_("Price"), min_value=LEAST, max_value=1000, decimal_places=PLACES, required=False
    )

    def clean(self) -> dict[str, Any]:
        """Want a price where there is one."""
        asked = super().clean() or {}
        if asked.get("kind") == Alert.Kind.PRICE and asked.get("price") is None:
            self.add_error("price", _("Say at which price, such as 0.10."))
        return asked

    def wish(self) -> dict[str, Any]:
        """Return what ``add_alert`` wants, besides who; raises ``Http404`` for what is not sold."""
        asked = self.cleaned_data
        country = asked["country"] and get_object_or_404(Country, pk=asked["country"])
        kind = Alert.Kind(asked["kind"])
        return {
            "service": get_object_or_404(Service, pk=asked["service"], denied=""),
            "country": country,
            "kind": kind,
            "price": asked["price"] if kind == Alert.Kind.PRICE else None,
        }


class PauseForm(forms.Form):
    """Whether an alert is to be silent."""

    paused = forms.BooleanField(required=False)


class PlaceForm(forms.Form):
    """A place in a list of notifications."""

    before = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)
    up_to = forms.IntegerField(min_value=1, max_value=BIGGEST_ID, required=False)


class MailForm(forms.Form):
    """Which notifications come by mail too."""

    kinds = forms.MultipleChoiceField(
        choices=[(kind.value, kind.label) for kind in Kind if kind not in NEVER_MAILED],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
