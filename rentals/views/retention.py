"""How long a team keeps the texts of its SMS."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import get_membership
from accounts.models import Role
from rentals.forms import RetentionForm
from rentals.operations.retention import count_due, set_retention


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: HttpRequest, team: str) -> HttpResponse:
    """Everybody in the team reads it, owners and admins change it."""
    membership = get_membership(
        request, team, Role.ADMIN if request.method == "POST" else Role.VIEWER
    )
    ours = membership.team
    form = RetentionForm(request.POST or None, initial={"days": ours.retention_days})
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        set_retention(actor=membership, days=days)
        messages.success(request, _saved(count_due(ours, days)))
        return redirect("rentals:retention", team)
    context = {
        "team": ours,
        "membership": membership,
        "form": form,
        "kept": ours.messages.with_text().count(),
        "removed": ours.messages.exclude(text_removed_at=None).count(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "rentals/retention.html", context, status=status)


def _saved(due: int) -> str:
    if not due:
        return _("Saved.")
    sentence = ngettext(
        "Saved. %(count)d text is older and will be removed within minutes.",
        "Saved. %(count)d texts are older and will be removed within minutes.",
        due,
    )
    return sentence % {"count": due}
