"""The audit trail of a team, to read and to take away."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from accounts.audit import record
from accounts.forms import TrailForm
from accounts.models import Action, AuditEntry, Role
from core.ratelimit import at_most
from core.spreadsheet import stream_csv

PAGE = 50
BATCH = 1000


@login_required
@require_safe
def audit_trail(request: HttpRequest, team: str) -> HttpResponse:
    """One page of it, newest first; ``?before=`` is a place in the chain, ``?kind=`` of what things."""
    membership = get_membership(request, team, Role.ADMIN)
    form = TrailForm(request.GET)
    form.is_valid()  # what makes no sense is dropped
    before, kind = form.cleaned_data.get("before"), form.cleaned_data.get("kind", "")
    entries = AuditEntry.objects.of_team(membership.team)
    if kind:
        entries = entries.filter(action__startswith=f"{kind}.")
    if before:
        entries = entries.filter(sequence__lt=before)
    found = list(entries[: PAGE + 1])
    context = {
        "team": membership.team,
        "membership": membership,
        "form": form,
        "kind": kind,
        "entries": found[:PAGE],
        "older": found[PAGE - 1].sequence if len(found) > PAGE else None,
        "before": before,
    }
    return render(request, "accounts/audit.html", context)


@login_required
@at_most("export")
@require_POST
def export_audit_trail(request: HttpRequest, team: str) -> StreamingHttpResponse:
    """All of it as CSV, oldest first, with what it takes to verify it; the export itself is noted."""
    membership = get_membership(request, team, Role.ADMIN)
    with transaction.atomic():
        record(
            action=Action.TRAIL_EXPORTED,
            team=membership.team,
            actor=membership.user,
            obj=membership.team,
        )
    entries = AuditEntry.objects.of_team(membership.team).order_by("sequence")
    name = f"audit-{membership.team.slug}"
    return stream_csv(name, [*COLUMNS, _("in words")], _rows(entries.iterator(BATCH)))


COLUMNS = (*AuditEntry.SIGNED, "signature")


def _rows(entries: Iterator[AuditEntry]) -> Iterator[list[Any]]:
    for entry in entries:
        yield [*(getattr(entry, name) for name in COLUMNS), entry.get_action_display()]
