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
from accounts.operations.errors import (
    AlreadyThere,
    CannotDelete,
    InvitationOver,
    IsPersonal,
    LastOwner,
    NotSent,
    Refusal,
    StillInUse,
    TokenNotAccepted,
    WrongAddress,
)
from accounts.operations.invitations import (
    accept_invitation,
    addresses_of,
    find_invitation,
    invite,
    is_good,
    resend_invitation,
    revoke_invitation,
)
from accounts.operations.leaving import data_of, delete_user, obstacles, teams_of_one
from accounts.operations.life import close_team, rename_team, transfer_ownership
from accounts.operations.provider_accounts import (
    add_provider_account,
    close_private_accounts,
    edit_provider_account,
    remove_provider_account,
    replace_token,
)
from accounts.operations.sessions import end_sessions
from accounts.operations.suspension import resume_account, suspend_account, tell_owners
from accounts.operations.teams import (
    accept_terms,
    change_role,
    create_team,
    create_user_team,
    remove_member,
    require_second_factor,
    withdraw_terms,
)

__all__ = [
    "AlreadyThere",
    "CannotDelete",
    "InvitationOver",
    "IsPersonal",
    "LastOwner",
    "NotSent",
    "Refusal",
    "StillInUse",
    "TokenNotAccepted",
    "WrongAddress",
    "accept_invitation",
    "accept_terms",
    "add_provider_account",
    "addresses_of",
    "ask_for_balance",
    "change_role",
    "check_provider_account",
    "close_private_accounts",
    "close_team",
    "create_team",
    "create_user_team",
    "data_of",
    "delete_user",
    "edit_provider_account",
    "end_sessions",
    "ensure_demo_user",
    "find_invitation",
    "invite",
    "is_good",
    "obstacles",
    "read_balance",
    "read_due_balances",
    "record_balance",
    "refresh_balance",
    "remove_member",
    "remove_provider_account",
    "rename_team",
    "replace_token",
    "require_second_factor",
    "resend_invitation",
    "resume_account",
    "revoke_invitation",
    "suspend_account",
    "teams_of_one",
    "tell_owners",
    "transfer_ownership",
    "withdraw_terms",
]
