"""Giving up everything that is still open in a team, before it is deleted."""

from accounts.models import Team, User
from rentals.operations.activation import request_cancel
from rentals.operations.purchase import abandon_purchase
from rentals.states import ActivationState


def cancel_everything(*, team: Team, actor: User) -> int:
    """Give up what was not sent yet and ask for every waiting number to be given back.

    Returns how many it was. Each is a step of its own, so that one whose SMS comes meanwhile does not
    stop the others; again is harmless. Leases and unknown outcomes are left alone: they cost a decision.
    """
    given_up = sum(
        abandon_purchase(purchase=purchase, actor=actor) for purchase in team.purchases.not_sent()
    )
    waiting = team.activations.filter(state=ActivationState.WAITING)
    asked = sum(request_cancel(activation=number, actor=actor) for number in waiting)
    return given_up + asked
