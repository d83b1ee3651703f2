"""What was bought, what came of it, and what it cost."""

from rentals.models.activation import Activation
from rentals.models.block import ServiceBlock
from rentals.models.day import TripDay
from rentals.models.event import Event
from rentals.models.lease import Lease
from rentals.models.ledger import LedgerEntry, MemberDay
from rentals.models.limit import Limit
from rentals.models.message import Message
from rentals.models.purchase import Purchase
from rentals.models.shard import PollShard
from rentals.models.snapshot import BalanceSnapshot
from rentals.models.stop import BuyingStop, with_stop
from rentals.models.tag import Tag
from rentals.models.trip import Trip

__all__ = [
    "Activation",
    "BalanceSnapshot",
    "BuyingStop",
    "Event",
    "Lease",
    "LedgerEntry",
    "Limit",
    "MemberDay",
    "Message",
    "PollShard",
    "Purchase",
    "ServiceBlock",
    "Tag",
    "Trip",
    "TripDay",
    "with_stop",
]
