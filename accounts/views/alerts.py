"""What somebody wants to happen in their browser when a code of theirs arrives."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import get_user
from accounts.forms import AlertsForm


@login_required
@require_POST
def alerts(request: HttpRequest) -> HttpResponse:
    """Keep the switches; the page that sent them needs no answer."""
    form = AlertsForm(request.POST, instance=get_user(request))
    form.save()
    if "HX-Request" in request.headers:
        return HttpResponse(status=204)
    return redirect("accounts:home")
