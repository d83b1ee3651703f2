"""What the admin's templates need beyond Django's tags and unfold's."""

from calendar import monthrange
from datetime import date, datetime
from typing import Any

from django import template
from django.db.models import DateTimeField, Model
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

register = template.Library()


@register.inclusion_tag("admin/date_hierarchy.html")
def days_of(cl: Any) -> dict[str, Any]:
    """Years, then months, then days, from the oldest row to the newest; for ``admin/date_hierarchy.html``.

    Django's own asks the table which days have rows, and reads all of it. This looks at two rows.
    """
    bounds = _bounds(cl)
    if bounds is None:
        return {"show": False}
    year, month, day = (_chosen(cl, part) for part in ("year", "month", "day"))
    if year is not None and not 1 <= year <= 9998:
        return {"show": False}
    if year is None:
        return _level(cl, None, _years(cl, *bounds))
    if month is None or not 1 <= month <= 12:
        return _level(cl, (_("All dates"), {}), _months(cl, year, *bounds))
    back = {"year": year}
    if day is None:
        return _level(cl, (str(year), back), _days(cl, year, month, *bounds))
    shown = {"title": f"{day} {MONTHS[month]} {year}"}
    return _level(cl, (f"{MONTHS[month]} {year}", {**back, "month": month}), [shown])


def _bounds(cl: Any) -> tuple[date, date] | None:
    rows: type[Model] = cl.model
    by = cl.model_admin.dates_by
    values = rows._default_manager.values_list(cl.date_hierarchy, flat=True)
    oldest, newest = values.order_by(by).first(), values.order_by(f"-{by}").first()
    if oldest is None or newest is None:
        return None
    return _day(rows, cl.date_hierarchy, oldest), _day(rows, cl.date_hierarchy, newest)


def _day(rows: type[Model], name: str, value: date | datetime) -> date:
    if isinstance(rows._meta.get_field(name), DateTimeField) and isinstance(value, datetime):
        return timezone.localtime(value).date()
    return value


def _chosen(cl: Any, part: str) -> int | None:
    values = cl.params.get(f"{cl.date_hierarchy}__{part}") or [""]
    text = values[0] if isinstance(values, list) else str(values)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else None


def _link(cl: Any, **parts: int) -> str:
    name = cl.date_hierarchy
    return str(
        cl.get_query_string({f"{name}__{part}": value for part, value in parts.items()}, [name])
    )


def _years(cl: Any, oldest: date, newest: date) -> list[dict[str, str]]:
    years = range(oldest.year, newest.year + 1)
    return [{"link": _link(cl, year=year), "title": str(year)} for year in years]


def _months(cl: Any, year: int, oldest: date, newest: date) -> list[dict[str, str]]:
    return [
        {
            "link": _link(cl, year=year, month=month),
            "title": date_format(date(year, month, 1), "YEAR_MONTH_FORMAT"),
        }
        for month in range(1, 13)
        if (oldest.year, oldest.month) <= (year, month) <= (newest.year, newest.month)
    ]


def _days(cl: Any, year: int, month: int, oldest: date, newest: date) -> list[dict[str, str]]:
    days = (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
    return [
        {
            "link": _link(cl, year=year, month=month, day=day.day),
            "title": date_format(day, "MONTH_DAY_FORMAT"),
        }
        for day in days
        if oldest <= day <= newest
    ]


def _level(
    cl: Any, back: tuple[str, dict[str, int]] | None, choices: list[dict[str, str]]
) -> dict[str, Any]:
    level: dict[str, Any] = {"show": True, "choices": choices}
    if back is not None:
        level["back"] = {"title": back[0], "link": _link(cl, **back[1])}
    return level
