"""What was bought, what came of it, and what it cost."""

from rentals.models.activation import Activation, Message
from rentals.models.block import ServiceBlock
from rentals.models.event import Event
from rentals.models.ledger import LedgerEntry, MemberDay
from rentals.models.limit import Limit
from rentals.models.purchase import Purchase
from rentals.models.shard import PollShard
from rentals.models.snapshot import BalanceSnapshot

__all__ = [
    "Activation",
    "BalanceSnapshot",
    "Event",
    "LedgerEntry",
    "Limit",
    "MemberDay",
    "Message",
    "PollShard",
    "Purchase",
    "ServiceBlock",
]
