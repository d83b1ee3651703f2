"""Note, tags and hand-over of a number: a dialog over the desk, a page without JavaScript."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from accounts.access import get_membership
from accounts.models import Membership, Role
from rentals.forms import KeepForm
from rentals.models import Purchase
from rentals.operations.errors import Refusal
from rentals.operations.keeping import hand_over, write_note
from rentals.views.cards import find_purchase
from rentals.views.htmx import HtmxRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HtmxRequest, team: str, code: str) -> HttpResponse:
    """What colleagues write on a number. For htmx the form alone, and nothing once it is saved."""
    membership = get_membership(request, team, at_least=Role.MEMBER)
    purchase = find_purchase(membership, code)
    form = KeepForm(request.POST or None, purchase=purchase, actor=membership)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        refusal = _keep(form, membership, purchase)
        if not refusal:
            return _answer_kept(request, purchase)
    context = {
        "team": membership.team,
        "membership": membership,
        "purchase": purchase,
        "form": form,
        "refusal": refusal,
    }
    return render(request, f"rentals/{'_keep' if request.htmx else 'keep'}.html", context)


def _keep(form: KeepForm, membership: Membership, purchase: Purchase) -> str:
    """Write what the form says; returns what is in the way, "" for nothing."""
    wish = form.cleaned_data
    try:
        write_note(
            purchase=purchase,
            note=wish["note"],
            was=wish["was"],
            tags=[*wish["tags"], *wish["more_tags"]],
            actor=membership,
        )
        to = wish.get("to")
        if to is None or to.user_id == purchase.whose.pk:
            return ""
        if not hand_over(purchase=purchase, to=to, actor=membership):
            return _("The number changed hands meanwhile. The note is saved.")
    except Refusal as error:
        return error.message
    return ""


def _answer_kept(request: HtmxRequest, purchase: Purchase) -> HttpResponse:
    if not request.htmx:
        return redirect(purchase)
    response = trigger_client_event(HttpResponse(status=204), "kept")
    # The page hears it from the stream too; this is for one that has just lost it.
    return trigger_client_event(response, f"live:purchase:{purchase.code}")
