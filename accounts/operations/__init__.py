"""Everything that changes teams and provider accounts; keyword-only, one transaction each.

No operation calls the provider inside a transaction.
"""

from accounts.operations.balances import (
    ask_for_balance,
    check_provider_account,
    read_balance,
    read_due_balances,
    record_balance,
    refresh_balance,
)
from accounts.operations.demo import ensure_demo_user
from accounts.operations.errors import LastOwner, Refusal, StillInUse, TokenNotAccepted
from accounts.operations.provider_accounts import (
    add_provider_account,
    edit_provider_account,
    remove_provider_account,
    replace_token,
)
from accounts.operations.suspension import resume_account, suspend_account, tell_owners
from accounts.operations.teams import change_role, create_team, create_user_team, remove_member

__all__ = [
    "LastOwner",
    "Refusal",
    "StillInUse",
    "TokenNotAccepted",
    "add_provider_account",
    "ask_for_balance",
    "change_role",
    "check_provider_account",
    "create_team",
    "create_user_team",
    "edit_provider_account",
    "ensure_demo_user",
    "read_balance",
    "read_due_balances",
    "record_balance",
    "refresh_balance",
    "remove_member",
    "remove_provider_account",
    "replace_token",
    "resume_account",
    "suspend_account",
    "tell_owners",
]
