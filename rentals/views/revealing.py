"""Who sees messages, and one of somebody else's shown once, with a reason."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import get_membership
from accounts.models import Role
from core.ratelimit import at_most
from rentals.forms import PrivateMessagesForm, RevealForm
from rentals.models import Message
from rentals.operations import revealing
from rentals.visibility import may_read


@login_required
@require_POST
def set_private_messages(request: HttpRequest, team: str) -> HttpResponse:
    """Let members see only their own messages, or all of them again."""
    membership = get_membership(request, team, Role.ADMIN)
    form = PrivateMessagesForm(request.POST)
    form.is_valid()  # a box that is not ticked is off
    private = form.cleaned_data["private"]
    revealing.set_private_messages(actor=membership, private=private)
    if private:
        messages.success(request, _("From now on everybody sees only their own messages."))
    else:
        messages.success(request, _("From now on everybody in the team sees all messages."))
    return redirect("rentals:retention", team)


@login_required
@at_most("reveal")
@require_POST
def reveal(request: HttpRequest, team: str, message: int) -> HttpResponse:
    """Show a message of somebody else on this page and no other, once it is said why."""
    membership = get_membership(request, team, Role.ADMIN)
    numbers = ("activation__purchase", "lease__purchase")
    found = get_object_or_404(
        Message.objects.select_related(
            *numbers,
            *(f"{n}__{who}" for n in numbers for who in ("account", "buyer", "holder", "team")),
        ),
        team=membership.team,
        pk=message,
    )
    if may_read(membership, found.purchase) or found.text_removed_at:
        return redirect(found.purchase)  # nothing is concealed there
    form = RevealForm(request.POST)
    context = {"team": membership.team, "membership": membership, "form": form, "message": found}
    if not form.is_valid():
        return render(request, "rentals/reveal.html", context, status=422)
    reason = form.cleaned_data["reason"]
    revealing.reveal_message(message=found, actor=membership, reason=reason)
    return render(request, "rentals/reveal.html", context | {"revealed": True})
