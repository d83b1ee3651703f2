"""What each team spent on each provider account in a UTC month: a page, a file, a sheet of paper.

All from the roll-up, which the ledger writes with each entry: a statement is the sum of the month's entries to
the last tenth of a cent, and a month that is over never changes.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.access import get_user
from accounts.audit import record
from accounts.models import Action, ProviderAccount, Team
from core.spreadsheet import send_xlsx, stream_csv
from rentals.admin import figures
from rentals.models import TripDay
from rentals.models.day import AMOUNTS

NEEDS = "rentals.view_ledgerentry"
MAKERS = {"csv": stream_csv, "xlsx": send_xlsx}
HEADER = (
    *("month", "team", "team address", "provider account", "purchases", "delivered"),
    *("charged", "refunded", "lost", "spent"),
)
MONTHS_OFFERED = 24
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Row:
    """A team's month on one account, in US dollars; ``spent`` is charged and lost less refunded."""

    team: Team
    account: ProviderAccount
    purchases: int
    delivered: int
    charged: Decimal
    refunded: Decimal
    lost: Decimal
    spent: Decimal


def statements(request: HttpRequest) -> HttpResponseBase:
    """The statement of ``?month=2026-11``; ``?team=`` narrows it to one team, by its address."""
    _check(request)
    month, team = _month_of(request), _team_of(request)
    rows = read_statement(month, team)
    context = {
        **admin.site.each_context(request),
        "title": _("Statements"),
        "month": month,
        "month_name": date_format(month, "F Y"),
        "months": _months(),
        "team": team,
        "rows": rows,
        "total": add_up(rows),
        "is_over": month < timezone.now().date().replace(day=1),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "admin/statements.html", context)


def export_statements(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The same as a file; noted in the audit trail."""
    _check(request)
    if kind not in MAKERS:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    month, team = _month_of(request), _team_of(request)
    rows = read_statement(month, team)
    with transaction.atomic():
        record(
            action=Action.STATEMENT_EXPORTED,
            team=team,
            actor=get_user(request),
            after={"as": kind, "month": f"{month:%Y-%m}"},
        )
    name = f"statement-{month:%Y-%m}" + (f"-{team.slug}" if team else "")
    return MAKERS[kind](name, HEADER, [_cells(month, row) for row in rows])


def read_statement(month: date, team: Team | None = None) -> list[Row]:
    """Return the rows of ``month``, by the names of teams and accounts; three queries."""
    last = monthrange(month.year, month.month)[1]
    days = TripDay.objects.filter(day__range=(month, month.replace(day=last)))
    if team is not None:
        days = days.filter(team=team)
    sums = days.sums_by("team", "account")
    teams = Team.objects.in_bulk({row["team"] for row in sums})
    accounts = ProviderAccount.objects.in_bulk({row["account"] for row in sums})
    rows = [
        Row(
            team=teams[row["team"]],
            account=accounts[row["account"]],
            purchases=row["purchases"],
            delivered=row["delivered"],
            spent=figures.spent_of(row),
            **{name: row[name] for name in AMOUNTS if name in ("charged", "refunded", "lost")},
        )
        for row in sums
    ]
    key = lambda row: (row.team.name.lower(), row.team.pk, row.account.name.lower(), row.account.pk)  # noqa: E731
    return sorted(rows, key=key)


def add_up(rows: Sequence[Row]) -> dict[str, Decimal | int]:
    """The last line: every column of ``rows`` added up."""
    names = ("purchases", "delivered", "charged", "refunded", "lost", "spent")
    return {name: sum(getattr(row, name) for row in rows) for name in names}


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(NEEDS):
        raise PermissionDenied


def _month_of(request: HttpRequest) -> date:
    found = _MONTH.fullmatch(request.GET.get("month", ""))
    if found is None:
        return timezone.now().date().replace(day=1)
    return date(int(found[1]), int(found[2]), 1)


def _team_of(request: HttpRequest) -> Team | None:
    slug = request.GET.get("team", "").strip()
    if not slug:
        return None
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise Http404
    return team


def _months() -> list[tuple[str, str]]:
    month = timezone.now().date().replace(day=1)
    months = []
    for _number in range(MONTHS_OFFERED):
        months.append((f"{month:%Y-%m}", date_format(month, "F Y")))
        year, number = (month.year, month.month - 1) if month.month > 1 else (month.year - 1, 12)
        month = date(year, number, 1)
    return months


def _cells(month: date, row: Row) -> Sequence[Any]:
    return (
        *(f"{month:%Y-%m}", row.team.name, row.team.slug, row.account.name),
        *(row.purchases, row.delivered, row.charged, row.refunded, row.lost, row.spent),
    )
