"""What one member asked to be told of the catalogue."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import get_membership
from core.wayback import way_back
from notify.forms import AlertForm, PauseForm
from notify.models import Alert
from notify.operations import alerts as operations


@login_required
@require_safe
def alerts(request: HttpRequest, team: str) -> HttpResponse:
    """One's own alerts in this team, with what each would find at the moment; all of them, they are few."""
    membership = get_membership(request, team)
    mine = Alert.objects.of(membership).select_related("service", "country").with_best()
    context = {
        "team": membership.team,
        "membership": membership,
        "alerts": mine.order_by("service__title", "country__title", "pk"),
    }
    return render(request, "notify/alerts.html", context)


@login_required
@require_POST
def add_alert(request: HttpRequest, team: str) -> HttpResponse:
    """Make an alert from the form of an offer or a service, and say there when it will ring."""
    membership = get_membership(request, team)
    back = way_back(request, reverse("notify:alerts", args=[team]))
    form = AlertForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
        return redirect(back)
    try:
        alert = operations.add_alert(membership=membership, **form.wish())
    except operations.TooMany:
        messages.error(request, _("You have as many alerts as one may have. Delete some first."))
        return redirect(back)
    if alert.armed:
        messages.success(request, _("You will be told here, once, as soon as that is so."))
    else:
        messages.info(
            request, _("That is so already. You will be told the next time that it comes about.")
        )
    return redirect(back)


def _mine(request: HttpRequest, team: str, alert: int) -> Alert:
    membership = get_membership(request, team)
    return get_object_or_404(Alert.objects.of(membership), pk=alert)


@login_required
@require_POST
def pause_alert(request: HttpRequest, team: str, alert: int) -> HttpResponse:
    """Silence an alert, or let it ring again."""
    form = PauseForm(request.POST)
    form.is_valid()
    operations.pause_alert(alert=_mine(request, team, alert), paused=form.cleaned_data["paused"])
    return redirect("notify:alerts", team)


@login_required
@require_POST
def arm_alert(request: HttpRequest, team: str, alert: int) -> HttpResponse:
    """Arm an alert that has rung, before it would be by itself."""
    operations.arm_alert(alert=_mine(request, team, alert))
    messages.success(request, _("It is armed again."))
    return redirect("notify:alerts", team)


@login_required
@require_POST
def delete_alert(request: HttpRequest, team: str, alert: int) -> HttpResponse:
    """Take an alert out."""
    operations.drop_alert(alert=_mine(request, team, alert))
    messages.success(request, _("The alert is deleted."))
    return redirect("notify:alerts", team)
