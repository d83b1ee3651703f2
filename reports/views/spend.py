"""What a team spent, and what it got for it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from core import charts
from core.moments import format_day, format_month
from core.money import format_usd
from core.periods import Preset, read_period
from rentals.views.limits import bounds_of
from reports import queries
from reports.queries import By
from reports.tally import Tally
from reports.templatetags.reports import seconds

MOST_BARS = 92  # three months of days; longer periods are drawn by month

Places = list[tuple[str, Tally]]


@login_required
@require_safe
def spend(request: HttpRequest, team: str) -> HttpResponse:
    """The figures of a period (``?period=``, or ``?from=&to=``), and a table ``?by=`` something."""
    membership = get_membership(request, team)
    period = read_period(request.GET)
    wanted = request.GET.get("by", "")
    by = By(wanted if wanted in By.values else By.SERVICE)
    days = queries.tally_days(membership.team, period)
    total = _sum(days.values())
    places = _places(days)
    context = {
        "team": membership.team,
        "membership": membership,
        "period": period,
        "presets": Preset.choices,
        "by": by,
        "tables": By.choices,
        "lines": queries.tally_by(by, membership.team, period),
        "total": total,
        "places": places,
        "charts": _draw(places, total),
        "bounds": [bound for bound in bounds_of(membership) if bound.bars],
    }
    return render(request, "reports/spend.html", context)


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total


def _places(days: dict[date, Tally]) -> Places:
    """A place on the pictures for each day; for each month where that would be too many."""
    if len(days) <= MOST_BARS:
        return [(format_day(day), tally) for day, tally in days.items()]
    months: dict[date, Tally] = {}
    for day, tally in days.items():
        months.setdefault(day.replace(day=1), Tally()).merge(tally)
    return [(format_month(month), tally) for month, tally in months.items()]


def _draw(places: Places, total: Tally) -> list[charts.Chart]:
    if total.is_empty:
        return []
    names = [name for name, _tally in places]
    tallies = [tally for _name, tally in places]
    return [_draw_spend(names, tallies, total), *_draw_delivery(names, tallies, total)]


def _draw_spend(names: list[str], tallies: list[Tally], total: Tally) -> charts.Chart:
    dearest = max(range(len(tallies)), key=lambda place: tallies[place].spent)
    says = _("%(total)s in all; most on %(place)s, %(amount)s.") % {
        "total": format_usd(total.spent),
        "place": names[dearest],
        "amount": format_usd(tallies[dearest].spent),
    }
    spent = [float(max(tally.spent, Decimal(0))) for tally in tallies]
    return charts.draw_bars(_("Spent"), says, names, spent, charts.usd)


def _draw_delivery(names: list[str], tallies: list[Tally], total: Tally) -> list[charts.Chart]:
    if total.success is None:
        return []
    drawn = [
        charts.draw_lines(
            _("Success rate"),
            _("%(percent)d %% of the numbers that ended got their SMS.")
            % {"percent": total.percent or 0},
            names,
            [(_("success rate"), [tally.success for tally in tallies])],
            lambda share: f"{share * 100:.0f} %",
            top=1.0,
        )
    ]
    if total.median is not None and total.p90 is not None:
        waits: dict[str, Any] = {"median": seconds(total.median), "p90": seconds(total.p90)}
        drawn.append(
            charts.draw_lines(
                _("Wait for the SMS"),
                _("Half of them took %(median)s at most, nine of ten %(p90)s.") % waits,
                names,
                [
                    (_("half came within"), [tally.median for tally in tallies]),
                    (_("nine of ten came within"), [tally.p90 for tally in tallies]),
                ],
                seconds,
            )
        )
    return drawn
