"""Telling the pollers that there is a new number to watch. Losing it costs a second or two."""

from live import bus

CHANNEL = "busstop:poll"


def wake_poller(poll_slot: int) -> None:
    """Wake the poller that looks after ``poll_slot`` once the transaction is committed."""
    bus.send_on_commit(CHANNEL, str(poll_slot))
