"""The button that cancels everything open, on the page that deletes a team."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import get_membership
from accounts.models import Role
from rentals.operations.winding_up import cancel_everything


@login_required
@require_POST
def cancel_open(request: HttpRequest, team: str) -> HttpResponse:
    """Cancel every open number and give up what was not sent."""
    membership = get_membership(request, team, Role.OWNER)
    count = cancel_everything(team=membership.team, actor=membership.user)
    if count:
        sentence = ngettext(
            "%(count)d thing is being cancelled. Look again in a minute.",
            "%(count)d things are being cancelled. Look again in a minute.",
            count,
        )
        messages.success(request, sentence % {"count": count})
    else:
        messages.info(request, _("There was nothing to cancel any more."))
    return redirect("accounts:delete_team", team)
