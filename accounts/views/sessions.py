"""Signing other browsers out; the list of them is allauth's page."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import get_user
from accounts.audit import record
from accounts.models import Action


@login_required
@require_POST
def end_sessions(request: HttpRequest, session: int | None = None) -> HttpResponse:
    """End one of one's own sessions, or without ``session`` all but this; their streams end too."""
    user = get_user(request)
    ours = UserSession.objects.filter(user=user)
    if session is not None:
        get_object_or_404(ours, pk=session)
        ours = ours.filter(pk=session)
    others = ours.exclude(session_key=request.session.session_key or "")
    with transaction.atomic():
        count = len(others)
        for other in others:
            other.end()
        record(action=Action.SESSIONS_ENDED, actor=user, obj=user, after={"sessions": count})
    messages.success(request, _("Signed out there."))
    return redirect("usersessions_list")
