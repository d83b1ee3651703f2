"""What one needs to know, made from the same sentences that the pages say: signed in or not."""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from rentals.states import ActivationState, LeaseState, PurchaseState
from rentals.wording import LEASE_STATES, REFUSALS, STATES


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How to get a code, what each state and each refusal means, what costs when."""
    context = {
        "groups": [
            (_("A purchase"), _rows(PurchaseState, STATES)),
            (_("A number for one SMS"), _rows(ActivationState, STATES)),
            (_("A leased number"), _rows(LeaseState, LEASE_STATES)),
        ],
        "refusals": [(code, _(sentence)) for code, sentence in REFUSALS.items()],
    }
    return render(request, "rentals/help.html", context)


def _rows(states: type[TextChoices], sentences: Mapping[Any, str]) -> list[tuple[str, str]]:
    """Each state of one kind by its name on the pages, with what it means."""
    return [(str(state.label), _(sentences[state])) for state in states]
