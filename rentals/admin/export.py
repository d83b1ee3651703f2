"""Taking history away: what the list shows under its filters, as a file."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import get_user
from accounts.audit import record
from accounts.models import Action
from core.spreadsheet import XLSX_ROWS, send_xlsx, stream_csv
from rentals.models import LedgerEntry, Purchase

BATCH = 1_000
MAKERS = {"csv": stream_csv, "xlsx": send_xlsx}
HEADER = (
    *("created", "purchase", "kind", "state", "team", "team address", "buyer", "provider account"),
    *("service", "country or area", "number", "request or order id", "state of the number"),
    *("quoted", "cost", "spent", "reserved", "provider code", "sent", "ended", "settled"),
)
Kind = LedgerEntry.Kind


def export_purchases(model_admin: Any, request: HttpRequest, kind: str) -> HttpResponseBase:
    """Answer all purchases that the list at ``?…`` shows, as ``kind``; the export is noted.

    Never an SMS. A sheet holds a million rows: for more it says so and sends nothing.
    """
    if kind not in MAKERS:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    try:
        rows = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        raise Http404 from None
    if kind == "xlsx" and rows.order_by("pk")[XLSX_ROWS : XLSX_ROWS + 1].exists():
        messages.error(request, _("More rows than a sheet can hold: narrow the list or take CSV."))
        return redirect(f"{reverse('admin:rentals_purchase_changelist')}?{request.GET.urlencode()}")
    with transaction.atomic():
        record(
            action=Action.HISTORY_EXPORTED,
            actor=get_user(request),
            after={"as": kind, "filters": request.GET.urlencode()},
        )
    name = f"purchases-{timezone.now():%Y%m%d-%H%M}"
    return MAKERS[kind](name, HEADER, _rows(rows))


def _rows(purchases: QuerySet[Purchase]) -> Iterator[Sequence[object]]:
    for purchase in purchases.prefetch_related("entries").iterator(BATCH):
        yield _row(purchase)


def _row(purchase: Purchase) -> Sequence[object]:
    activation = getattr(purchase, "activation", None)
    goods = activation or getattr(purchase, "lease", None)
    amounts = {entry.kind: entry.amount for entry in purchase.entries.all()}
    spent = amounts.get(Kind.CHARGE, 0) + amounts.get(Kind.LOSS, 0) - amounts.get(Kind.REFUND, 0)
    reserved = amounts.get(Kind.HOLD, 0) if purchase.settled_at is None else 0
    return (
        *(purchase.created, purchase.code, purchase.kind, purchase.state),
        *(purchase.team.name, purchase.team.slug, purchase.buyer.email, purchase.account.name),
        *(purchase.service.title if purchase.service else "", purchase.place_as_sold),
        purchase.number,
        activation.request_id if activation else purchase.order_id,
        goods.state if goods else "",
        *(purchase.quoted, purchase.cost, spent, reserved, purchase.provider_code),
        *(purchase.sent_at, purchase.ended_at, purchase.settled_at),
    )
