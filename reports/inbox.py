"""The messages of a team, whatever number they came to."""

from django.db.models import Q

from accounts.models import Membership
from rentals.models import Message
from rentals.models.message import MessageQuerySet
from rentals.visibility import readable

DIGITS_OF_A_NUMBER = 3  # fewer are in too many numbers


def messages_of(membership: Membership, text: str = "") -> MessageQuerySet:
    """Return the messages of a member's team, the newest to us first, with all that a row shows.

    ``text`` is the whole of a code, part of a number, or part of a text that is still kept; found are
    only messages that the member may read. Without it others are among them: show them by
    ``rentals.visibility.shown``.
    """
    related = (
        *(
            "activation__purchase__buyer",
            "activation__purchase__account",
            "activation__service",
            "activation__country",
        ),
        *(
            "lease__purchase__buyer",
            "lease__purchase__account",
        ),
    )
    messages = Message.objects.filter(team=membership.team).select_related(*related)
    if text:
        messages = readable(messages, membership).filter(_contains(membership.team_id, text))
    return messages.order_by("-pk")


def _contains(team_id: int, text: str) -> Q:
    wanted = Q(text__icontains=text)
    code = "".join(character for character in text if character.isalnum() and character.isascii())
    if code:
        wanted |= Q(code=code) | Q(code_hash=Message.hash_code(team_id, code))
    digits = "".join(character for character in text if character in "0123456789")
    if len(digits) >= DIGITS_OF_A_NUMBER:
        wanted |= Q(activation__number__contains=digits) | Q(lease__number__contains=digits)
    return wanted
