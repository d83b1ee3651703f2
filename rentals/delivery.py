"""How numbers of a service deliver in each country, by a team's own experience."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.utils import timezone

from accounts.models import Team
from core.rates import whole_percent
from rentals.states import ACTIVATION_OPEN, ActivationState

WINDOW = timedelta(days=90)
ENOUGH = 5  # ended numbers; of fewer nothing is said
MOST = 2000  # of the newest numbers are looked at: the desk waits for this


@dataclass(frozen=True, slots=True)
class Record:
    """What became of the team's numbers of one service in one country.

    ``ended`` are those whose SMS came, that expired or that were given back, ``delivered`` the first
    of these. ``wait`` is the median from the purchase to the SMS; None where none came.
    """

    ended: int
    delivered: int
    wait: timedelta | None

    @property
    def percent(self) -> int:
        """How many of a hundred got their SMS."""
        return whole_percent(self.delivered, self.ended)


def read_records(team: Team, service_id: int) -> dict[int, Record]:
    """Return the record of each country with enough ended numbers, by its primary key.

    One query along an index, of at most ``MOST`` rows, however many numbers the team ever had.
    """
    since = timezone.now() - WINDOW
    numbers = (
        team.activations.filter(service=service_id, created__gte=since)
        .exclude(state__in=ACTIVATION_OPEN)
        .order_by("-created")
        .values_list("country", "state", "created", "received_at")
    )
    waits: dict[int, list[float | None]] = defaultdict(list)
    for country, state, bought, received in numbers[:MOST]:
        came = received if state == ActivationState.RECEIVED else None
        waits[country].append((came - bought).total_seconds() if came else None)
    return {country: _sum_up(found) for country, found in waits.items() if len(found) >= ENOUGH}


def _sum_up(waits: list[float | None]) -> Record:
    """``waits`` are seconds, None where no SMS came."""
    delivered = [wait for wait in waits if wait is not None]
    wait = timedelta(seconds=median(delivered)) if delivered else None
    return Record(ended=len(waits), delivered=len(delivered), wait=wait)
