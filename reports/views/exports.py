"""History to take away: a CSV file at once, or a workbook that a worker writes."""

from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.models import Membership
from core.spreadsheet import stream_csv
from rentals.history import PARAMETERS, Wanted
from rentals.views.htmx import HtmxRequest
from reports import operations, sheets
from reports.models import Export, ExportState

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_required
@require_safe
def exports(request: HtmxRequest, team: str) -> HttpResponse:
    """The workbooks of who asks, and how far each is; for htmx, which asks again, only the list."""
    membership = get_membership(request, team)
    mine = Export.objects.of(membership)
    context = {
        "team": membership.team,
        "membership": membership,
        "exports": mine.select_related("team").order_by("-created"),
    }
    is_live = request.htmx and not request.htmx.history_restore_request
    return render(request, f"reports/{'_exports' if is_live else 'exports'}.html", context)


@login_required
@require_POST
def export_csv(request: HttpRequest, team: str) -> HttpResponseBase:
    """All rows that the form's filters leave, line by line as they are read."""
    membership = get_membership(request, team)
    if Wanted.misread(request.POST):
        return _not_understood(request, team)
    wanted = Wanted.read(request.POST)
    with transaction.atomic():
        operations.note_export(membership=membership, wanted=wanted, kind="CSV")
    name = f"history-{membership.team.slug}-{timezone.now():%Y-%m-%d-%H%M}"
    return stream_csv(name, sheets.COLUMNS, _lines(membership, wanted))


def _not_understood(request: HttpRequest, team: str) -> HttpResponse:
    """Back to history, which says what of the filters it cannot read: a file of everything was not meant."""
    messages.error(request, _("Nothing was exported: the filters were not all understood."))
    asked = {name: request.POST[name] for name in PARAMETERS.values() if request.POST.get(name)}
    return redirect(f"{reverse('rentals:history', args=[team])}?{urlencode(asked)}")


def _lines(membership: Membership, wanted: Wanted) -> Iterator[list[str]]:
    for batch in sheets.batches(membership, wanted):
        if not operations.may_see(membership.team, membership.user):
            return  # a right that ends, ends what is under way
        yield from map(sheets.as_text, batch)


@login_required
@require_POST
def export_workbook(request: HttpRequest, team: str) -> HttpResponse:
    """Have a workbook written of what the form's filters leave."""
    membership = get_membership(request, team)
    if Wanted.misread(request.POST):
        return _not_understood(request, team)
    if operations.request_export(membership=membership, wanted=Wanted.read(request.POST)) is None:
        messages.error(
            request,
            _("One of your workbooks is being written already. Wait for it, or cancel it first."),
        )
    return redirect("reports:exports", team)


@login_required
@require_POST
def cancel(request: HttpRequest, team: str, export: UUID) -> HttpResponse:
    """Give up a workbook that is not ready."""
    found = _find(request, team, export)
    if not operations.cancel_export(export=found):
        messages.error(request, _("It was ready, or given up, already."))
    return redirect("reports:exports", team)


@login_required
@require_safe
def download(request: HttpRequest, team: str, export: UUID) -> HttpResponseBase:
    """The finished file."""
    found = _find(request, team, export)
    if found.state != ExportState.DONE:
        raise Http404
    try:
        file = found.path.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(file, as_attachment=True, filename=found.file_name, content_type=XLSX)


def _find(request: HttpRequest, team: str, export: UUID) -> Export:
    """An export is its member's alone: what it holds was chosen, and asked for, by them."""
    membership = get_membership(request, team)
    mine = Export.objects.of(membership).select_related("team", "member")
    return get_object_or_404(mine, pk=export)
