"""The days that figures are about, as they stand in an address: ``?period=7d``, ``?from=…&to=…``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.utils import timezone
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
    YEAR = "365d", _("a year")


class Change(StrEnum):
    """What was made of an address that asked for something else; the page says so."""

    NO_DATE = "no date"
    TURNED = "turned"
    AHEAD = "ahead"  # days that are still to come were left out
    TOO_LONG = "too long"


@dataclass(frozen=True, slots=True)
class Period:
    """UTC days from ``first`` to ``last``, both counted; ``preset`` is "" for days of one's own.

    ``changes`` says how it differs from what was asked for.
    """

    first: date
    last: date
    preset: str = ""
    changes: tuple[Change, ...] = field(default=(), compare=False)

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

    Days the wrong way round are turned, an open end is today, days that are still to come are left
    out, and of more than five years the last five are taken: what is left is what lies behind us.
    """
    first, last = _read_day(fields.get("from", "")), _read_day(fields.get("to", ""))
    asked = (fields.get("from"), first), (fields.get("to"), last)
    no_date = any(text and day is None for text, day in asked)
    changes = [Change.NO_DATE] if no_date else []
    if first is None and last is None:
        preset = fields.get("period", "")
        return _preset(Preset(preset if preset in Preset.values else Preset.DAYS_30), changes)
    today = _newest_day()
    last = last or max(today, first or today)
    first = first or last
    if first > last:
        first, last = last, first
        changes.append(Change.TURNED)
    if last > today:
        first, last = min(first, today), today
        changes.append(Change.AHEAD)
    if last - first > LONGEST:
        first = last - LONGEST
        changes.append(Change.TOO_LONG)
    return Period(first, last, changes=tuple(changes))


def _newest_day() -> date:
    """Today, in UTC or where the reader is: whichever is later, both can be asked for."""
    return max(datetime.now(UTC).date(), timezone.localdate())


def _read_day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _preset(preset: Preset, changes: Sequence[Change]) -> Period:
    today = datetime.now(UTC).date()
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
        Preset.YEAR: (today - timedelta(days=364), today),
    }[preset]
    return Period(first, last, preset.value, tuple(changes))
