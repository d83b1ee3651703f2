"""The period of a page: one of a few by name, or from a day to a day, always in the address."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST = timedelta(days=5 * 366)
DEFAULT = "30"
PRESETS: dict[str, str | Promise] = {
    "1": _("Today"),
    "7": _("7 days"),
    "30": _("30 days"),
    "month": _("This month"),
    "last": _("Last month"),
    "365": _("A year"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Two UTC days, both included; ``preset`` is the key of the named period it is, "" for none."""

    begin: date
    end: date
    preset: str = ""


class PeriodForm(forms.Form):
    """``?period=7`` or ``?from=…&to=…``; what makes no sense is the last thirty days."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.fields["period"] = forms.ChoiceField(required=False, choices=list(PRESETS.items()))
        for name in ("from", "to"):
            self.fields[name] = forms.DateField(required=False)

    def period_of(self) -> Period:
        """The period that was asked for."""
        self.is_valid()
        chosen: dict[str, Any] = self.cleaned_data
        begin, end = chosen.get("from"), chosen.get("to")
        if begin and end and begin <= end <= begin + LONGEST:
            return Period(begin, end)
        return preset(chosen.get("period") or DEFAULT)


def preset(key: str) -> Period:
    """The named period as it is today."""
    today = timezone.now().date()
    first = today.replace(day=1)
    if key == "month":
        return Period(first, today, key)
    if key == "last":
        before = first - timedelta(days=1)
        return Period(before.replace(day=1), before, key)
    return Period(today - timedelta(days=int(key) - 1), today, key)
