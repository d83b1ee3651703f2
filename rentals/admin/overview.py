"""The first page of the admin: what there is to do, what is open, and what was spent on what."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core import charts
from core.periods import Preset, read_period
from rentals.admin import figures, work
from rentals.models import BuyingStop

NEEDS = "rentals.view_ledgerentry"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to what the theme shows: the same number of queries whatever the number of purchases."""
    context["title"] = _("Overview")
    counts = work.count_work()
    context["work"] = [
        {"title": each.title, "link": each.link, "count": _shown(counts[each.key])}
        for each in work.LISTS
        if request.user.has_perm(each.needs)
    ]
    if not request.user.has_perm(NEEDS):
        return context
    period = read_period(request.GET)
    days = figures.days_of(period)
    lines = figures.by_day(days, period)
    return context | {
        "period": period,
        "presets": Preset.choices,
        "total": figures.total_of(days),
        "now": figures.now(),
        "lines": lines,
        "chart": _draw(lines),
        "groups": _groups(days),
        "stops": list(BuyingStop.objects.select_related("team", "account")[:5]),
    }


def _draw(lines: list[figures.Line]) -> charts.Chart:
    """A bar for each day or month; one that gave more back than it cost has none."""
    return charts.draw_bars(
        _("Spent"),
        _("A bar for each day or month; the table below has the figures."),
        [line.name for line in lines],
        [max(float(line.spent), 0.0) for line in lines],
        charts.usd,
    )


def _groups(days: Any) -> list[tuple[str, str, list[figures.Line]]]:
    """A table for each way to look at it; its rows lead to the purchases."""
    purchases = reverse("admin:rentals_purchase_changelist")
    ways = (
        (_("By service"), "service", figures.by_service(days)),
        (_("By country"), "country", figures.by_country(days)),
        (_("By team"), "team", figures.by_team(days)),
        (_("By provider account"), "account", figures.by_account(days)),
    )
    return [(title, f"{purchases}?{field}__id__exact=", lines) for title, field, lines in ways]


def _shown(count: int) -> str:
    return f"{count}" if count < work.MOST_COUNTED else f"{count - 1}+"
