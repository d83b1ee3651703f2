"""What was bought, what came of it, and what it cost."""

from rentals.models.activation import Activation
from rentals.models.block import ServiceBlock
from rentals.models.event import Event
from rentals.models.lease import Lease
from rentals.models.ledger import LedgerEntry, MemberDay
from rentals.models.limit import Limit
from rentals.models.message import Message
from rentals.models.purchase import Purchase
from rentals.models.shard import PollShard
from rentals.models.snapshot import BalanceSnapshot

__all__ = [
    "Activation",
    "BalanceSnapshot",
    "Event",
    "Lease",
    "LedgerEntry",
    "Limit",
    "MemberDay",
    "Message",
    "PollShard",
    "Purchase",
    "ServiceBlock",
]
