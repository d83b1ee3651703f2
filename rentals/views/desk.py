"""The desk, home of a team: choose on the left, wait on the right."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from rentals.views.board import board_of
from rentals.views.chooser import chooser_of
from rentals.views.money import money_of


@login_required
@require_safe
def desk(request: HttpRequest, team: str) -> HttpResponse:
    """The whole page; ``?q=`` and ``?service=`` say what is chosen so far."""
    membership = get_membership(request, team)
    money = money_of(membership)
    context = {
        "team": membership.team,
        "membership": membership,
        "money": money,
        "chooser": chooser_of(membership, request.GET, money.accounts),
        "board": board_of(membership),
    }
    return render(request, "rentals/desk.html", context)
