"""Staff's view of purchases and money: everything to see, nothing to change but limits
and where buying is stopped."""

from rentals.admin.activation import ActivationAdmin, MessageAdmin
from rentals.admin.block import ServiceBlockAdmin
from rentals.admin.event import EventAdmin
from rentals.admin.lease import LeaseAdmin
from rentals.admin.ledger import LedgerEntryAdmin, MemberDayAdmin, TripDayAdmin
from rentals.admin.limit import LimitAdmin
from rentals.admin.purchase import PurchaseAdmin
from rentals.admin.shard import PollShardAdmin
from rentals.admin.snapshot import BalanceSnapshotAdmin
from rentals.admin.stop import BuyingStopAdmin
from rentals.admin.tag import TagAdmin
from rentals.admin.trip import TripAdmin

__all__ = [
    "ActivationAdmin",
    "BalanceSnapshotAdmin",
    "BuyingStopAdmin",
    "EventAdmin",
    "LeaseAdmin",
    "LedgerEntryAdmin",
    "LimitAdmin",
    "MemberDayAdmin",
    "MessageAdmin",
    "PollShardAdmin",
    "PurchaseAdmin",
    "ServiceBlockAdmin",
    "TagAdmin",
    "TripAdmin",
    "TripDayAdmin",
]
