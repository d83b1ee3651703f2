"""Who may read a message: the one rule, asked by every page, file and search that shows one.

Messages to a number that was bought on a private account of one member are theirs alone; and a team may say
that all its members see only their own messages. Such a message is its buyer's, and of whom the number was
handed to. Everybody else gets it concealed, owners and admins too: they see one only by a ``reveal``, which
asks why and is in the audit trail.

Who shows messages asks ``may_read`` for those of one purchase, ``shown`` for any list of them, and
searches in ``readable``, so that nobody finds by its code what they may not read.
"""

from collections.abc import Iterable

from django.db.models import Q

from accounts.models import Membership
from rentals.models import Message, Purchase
from rentals.models.message import MessageQuerySet


def may_read(membership: Membership, purchase: Purchase) -> bool:
    """Whether a member may read the SMS that came to what ``purchase`` bought."""
    if not (membership.team.private_messages or purchase.account.private_to_id):
        return True
    return membership.user_id in (purchase.buyer_id, purchase.holder_id)


def readable(messages: MessageQuerySet, membership: Membership) -> MessageQuerySet:
    """Those of ``messages``, all of the member's team, that the member may read."""
    mine = Q()
    if not membership.team.private_messages:  # all but those of private accounts
        for number in ("activation", "lease"):
            mine |= Q(**{f"{number}__isnull": False, f"{number}__account__private_to": None})
    for purchase in ("activation__purchase", "lease__purchase"):
        for person in ("buyer", "holder"):
            mine |= Q(**{f"{purchase}__{person}": membership.user_id})
    return messages.filter(mine)


def shown(membership: Membership, messages: Iterable[Message]) -> list[Message]:
    """Return ``messages`` as the member may see them: those they may not read are concealed.

    Reads the account of each: ``select_related("activation__purchase__account", …)``.
    """
    found = list(messages)
    for message in found:
        if not may_read(membership, message.purchase):
            message.conceal()
    return found
