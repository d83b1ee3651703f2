"""Who there is, and whose money it is."""

from accounts.models.provider_account import ProviderAccount
from accounts.models.team import Membership, Role, Team
from accounts.models.user import User

__all__ = ["Membership", "ProviderAccount", "Role", "Team", "User"]
