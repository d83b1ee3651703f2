"""The signed, short-lived right to listen: what a page shows the stream instead of its session.

So the stream needs neither the session nor the database. A ticket says who listens to which team,
opens streams for a minute, and reads nothing: signals have no content.
"""

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
    made: int  # Unix time in whole seconds


def make(*, team_id: int, user_id: int) -> str:
    """Return a ticket. The caller has checked that the user may see the team."""
    return _signer().sign(f"{team_id}.{user_id}")


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
    team_id, _, user_id = value.partition(".")
    made = signing.b62_decode(ticket.split(":")[1])
    return Ticket(team_id=int(team_id), user_id=int(user_id), made=made)


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="live.tickets")
