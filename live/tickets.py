"""The signed, short-lived right to listen: what a page shows the stream instead of its session.

So the stream needs neither the session nor the database. A ticket says who listens to which team,
opens streams for a minute, and reads nothing: signals have no content.
"""

import time
from dataclasses import dataclass

from django.core import signing

TICKET_SECONDS = 60
MAX_LENGTH = 200


class InvalidTicket(Exception):
    """Not a ticket of ours."""


class ExpiredTicket(InvalidTicket):
    """A ticket of ours that was made more than ``TICKET_SECONDS`` ago."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right of ``user_id`` to hear what changes in ``team_id``, as it stood at ``made``."""

    team_id: int
    user_id: int
    made: float  # Unix time in seconds, to the millisecond


def make(*, team_id: int, user_id: int, made: float | None = None) -> str:
    """Return a ticket. The caller has checked since ``made`` (now) that the user may see the team.

    ``made`` is a Unix time from before that check: a right that ends while it is looked at ends
    the ticket too.
    """
    made = time.time() if made is None else made
    return _signer().sign(f"{team_id}.{user_id}.{int(made * 1000)}")


def read(ticket: str) -> Ticket:
    """Return what ``ticket`` says. Raises ``ExpiredTicket``, or ``InvalidTicket`` if forged."""
    if len(ticket) > MAX_LENGTH:
        raise InvalidTicket
    try:
        value = _signer().unsign(ticket, max_age=TICKET_SECONDS)
    except signing.SignatureExpired:
        raise ExpiredTicket from None
    except signing.BadSignature:
        raise InvalidTicket from None
    team_id, user_id, made = map(int, value.split("."))
    return Ticket(team_id=team_id, user_id=user_id, made=made / 1000)


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="live.tickets")
