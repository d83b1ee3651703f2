"""The machines as they are drawn in ``rentals.states``: nothing else is legal."""

import itertools

import pytest

from rentals import states
from rentals.states import ActivationState, IllegalTransition, LeaseState, PurchaseState

LEGAL = {
    ("held", "sending"),
    ("held", "abandoned"),
    ("sending", "held"),
    ("sending", "bought"),
    ("sending", "refused"),
    ("sending", "unknown"),
    ("unknown", "bought"),
    ("unknown", "not_bought"),
    ("unknown", "lost"),
    ("waiting", "received"),
    ("waiting", "cancelling"),
    ("waiting", "expired"),
    ("cancelling", "cancelled"),
    ("cancelling", "received"),
    ("cancelling", "expired"),
    ("active", "grace"),
    ("active", "released"),
    ("active", "cancelling"),
    ("active", "cancelled"),
    ("cancelling", "active"),
    ("grace", "active"),
    ("grace", "released"),
}
MACHINES = [PurchaseState, ActivationState, LeaseState]


@pytest.mark.parametrize("machine", MACHINES)
def test_exactly_the_drawn_transitions_are_legal(machine: type) -> None:
    for old, new in itertools.product(machine.values, repeat=2):
        if (old, new) in LEGAL:
            states.check(machine, old, new)
        else:
            with pytest.raises(IllegalTransition):
                states.check(machine, old, new)


@pytest.mark.parametrize(
    ("machine", "end"),
    [
        *((PurchaseState, end) for end in ("bought", "refused", "abandoned", "not_bought", "lost")),
        *((ActivationState, end) for end in ("received", "cancelled", "expired")),
        *((LeaseState, end) for end in ("released", "cancelled")),
    ],
)
def test_what_has_ended_never_reopens(machine: type, end: str) -> None:
    for new in machine.values:
        with pytest.raises(IllegalTransition):
            states.check(machine, end, new)


def test_a_purchase_never_takes_a_state_of_an_activation() -> None:
    with pytest.raises(IllegalTransition):
        states.check(PurchaseState, "held", "waiting")
