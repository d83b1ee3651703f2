"""Who there is, and whose money it is."""

from accounts.models.audit import Action, AuditChain, AuditEntry
from accounts.models.invitation import Invitation
from accounts.models.provider_account import ProviderAccount
from accounts.models.second_factor import SecondFactor
from accounts.models.seen_device import SeenDevice
from accounts.models.team import Membership, Role, Team
from accounts.models.user import Theme, User

__all__ = [
    "Action",
    "AuditChain",
    "AuditEntry",
    "Invitation",
    "Membership",
    "ProviderAccount",
    "Role",
    "SecondFactor",
    "SeenDevice",
    "Team",
    "Theme",
    "User",
]
