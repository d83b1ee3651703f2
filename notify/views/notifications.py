"""What one member was told in one team."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from notify.forms import PlaceForm
from notify.models import Notification
from notify.operations.reading import mark_read

PAGE = 30
MOST_COUNTED = 99


@login_required
@require_safe
def notifications(request: HttpRequest, team: str) -> HttpResponse:
    """Newest first, a page of them; ``?before=`` is the last one of the page before.

    204 where ``?seen=`` stands for what there is: an open page asks whenever its stream (re)connects.
    """
    membership = get_membership(request, team)
    form = PlaceForm(request.GET)
    form.is_valid()
    before = form.cleaned_data.get("before")
    found = list(Notification.objects.of(membership).before(before)[: PAGE + 1])
    unread = sum(row.read_at is None for row in found)
    mark = f"{found[0].pk if found else 0}-{unread}"
    if request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    context = {
        "team": membership.team,
        "membership": membership,
        "mark": mark,
        "notifications": found[:PAGE],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "newest": found[0].pk if found and not before else None,
        "has_unread": unread > 0,
        "before": before,
    }
    return render(request, "notify/notifications.html", context)


@login_required
@require_safe
def bell(request: HttpRequest, team: str) -> HttpResponse:
    """How many are unread: what each page reads for itself, once it stands."""
    membership = get_membership(request, team)
    unread = Notification.objects.of(membership).unread()
    count = len(unread.values_list("pk", flat=True)[: MOST_COUNTED + 1])
    context = {"team": membership.team, "unread": count, "most": MOST_COUNTED, "is_read": True}
    return render(request, "notify/_bell.html", context)


@login_required
@require_POST
def open_notification(request: HttpRequest, team: str, notification: int) -> HttpResponse:
    """Mark one as read and go where it leads."""
    membership = get_membership(request, team)
    told = get_object_or_404(Notification.objects.of(membership), pk=notification)
    mark_read(membership=membership, up_to=told.pk, only=True)
    return redirect(told.url)


@login_required
@require_POST
def read_all(request: HttpRequest, team: str) -> HttpResponse:
    """Mark as read all that the page had shown, or would have further down."""
    membership = get_membership(request, team)
    form = PlaceForm(request.POST)
    if form.is_valid() and form.cleaned_data["up_to"]:
        mark_read(membership=membership, up_to=form.cleaned_data["up_to"])
    return redirect("notify:notifications", team)
