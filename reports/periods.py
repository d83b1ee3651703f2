"""The days that a report is about, as they stand in an address: ``?period=7d``, ``?from=…&to=…``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

LONGEST = timedelta(days=5 * 366)


class Preset(TextChoices):
    """Periods that move along with the days; the first that fits nothing else is the default."""

    TODAY = "today", _("today")
    WEEK = "7d", _("7 days")
    DAYS_30 = "30d", _("30 days")
    MONTH = "month", _("this month")
    LAST_MONTH = "last-month", _("last month")


@dataclass(frozen=True, slots=True)
class Period:
    """UTC days from ``first`` to ``last``, both counted; ``preset`` is "" for days of one's own."""

    first: date
    last: date
    preset: str = ""

    @property
    def days(self) -> list[date]:
        """Each of its days."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def query(self) -> str:
        """What stands for it in an address."""
        if self.preset:
            return urlencode({"period": self.preset})
        return urlencode({"from": self.first.isoformat(), "to": self.last.isoformat()})


def read_period(fields: Mapping[str, str]) -> Period:
    """Return the period that an address asks for; what makes no sense is thirty days.

    Days the wrong way round are turned, an open end is today, and no period is longer than five years.
    """
    today = datetime.now(UTC).date()
    first, last = _read_day(fields.get("from", "")), _read_day(fields.get("to", ""))
    if first is None and last is None:
        preset = fields.get("period", "")
        return _preset(Preset(preset if preset in Preset.values else Preset.DAYS_30), today)
    last = last or max(today, first or today)
    first = first or last
    first, last = min(first, last), max(first, last)
    return Period(max(first, last - min(LONGEST, last - date.min)), last)


def _read_day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _preset(preset: Preset, today: date) -> Period:
    month = today.replace(day=1)
    first, last = {
        Preset.TODAY: (today, today),
        Preset.WEEK: (today - timedelta(days=6), today),
        Preset.DAYS_30: (today - timedelta(days=29), today),
        Preset.MONTH: (month, today),
        Preset.LAST_MONTH: (
            (month - timedelta(days=1)).replace(day=1),
            month - timedelta(days=1),
        ),
    }[preset]
    return Period(first, last, preset.value)
