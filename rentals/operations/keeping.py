"""What colleagues write on a number for each other: a note, tags, and whose it is now."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Action, Membership, Team
from rentals import journal
from rentals.models import Purchase, Tag
from rentals.operations.errors import Refusal
from rentals.visibility import may_read

MOST_TAGS = 10  # of one purchase
MOST_TAGS_OF_TEAM = 300


@transaction.atomic
def write_note(
    *, purchase: Purchase, note: str, was: str, tags: Iterable[str], actor: Membership
) -> None:
    """Give ``purchase`` this note and exactly these tags, and tell the pages that show it.

    ``was`` is the note that the actor had before their eyes: where somebody wrote another meanwhile,
    nothing is changed. A tag is made when it is first used, in the letters it is written in then, and
    goes with the last purchase that has it. Raises ``Refusal``: changed meanwhile, or too many tags.
    """
    _check(purchase, actor)
    team = Team.objects.select_for_update(no_key=True).get(pk=purchase.team_id)
    if not Purchase.objects.filter(pk=purchase.pk, note__in=(was, note)).update(note=note):
        raise Refusal(
            _(
                "Somebody else changed the note meanwhile. Nothing was changed; look at theirs first."
            )
        )
    purchase.note = note
    before = [tag.pk for tag in purchase.tags.all()]
    purchase.tags.set(_find_or_make(team, tags))
    Tag.objects.filter(pk__in=before, purchases=None).delete()
    journal.publish(purchase)


@transaction.atomic
def hand_over(*, purchase: Purchase, to: Membership, actor: Membership) -> bool:
    """Make ``purchase`` the concern of a colleague; False where it is already, or changed hands.

    Who paid stays: limits and spend are the buyer's. ``purchase`` is as it was read; whoever hands it
    on at the same moment is first or not. Raises ``Refusal`` for somebody who cannot buy, and
    ``PermissionDenied`` where the actor may not read what came to it.
    """
    _check(purchase, actor)
    if not may_read(actor, purchase):
        raise PermissionDenied  # they could hand it to themselves
    if to.team_id != purchase.team_id or not to.can_buy:
        raise Refusal(_("They cannot buy in this team. Nothing was changed; choose somebody else."))
    if purchase.whose.pk == to.user_id:
        return False
    old = purchase.whose
    holder = None if to.user_id == purchase.buyer_id else to.user
    unchanged = Purchase.objects.filter(pk=purchase.pk, holder=purchase.holder_id)
    if not unchanged.update(holder=holder):
        return False
    purchase.holder = holder
    names = {"from": old.short_name, "to": to.user.short_name}
    journal.note(purchase, reason="handed_over", data={"holder": to.user_id}, actor=actor.user)
    record(
        action=Action.PURCHASE_HANDED_OVER,
        team=purchase.team,
        actor=actor.user,
        obj=purchase,
        before={"whose": names["from"]},
        after={"whose": names["to"]},
    )
    return True


def tags_in(text: str) -> list[str]:
    """Return the tags in what somebody typed: between commas, each once, its blanks made single."""
    words = [" ".join(word.split()) for word in text.split(",")]
    return list({word.casefold(): word for word in reversed(words) if word}.values())[::-1]


def _check(purchase: Purchase, actor: Membership) -> None:
    if actor.team_id != purchase.team_id or not actor.can_buy:
        raise PermissionDenied


def _find_or_make(team: Team, names: Iterable[str]) -> list[Tag]:
    """Return the tags of these names, under the lock on the team."""
    wanted = {name.casefold(): name for name in names}
    if len(wanted) > MOST_TAGS:
        raise Refusal(
            _("At most %(count)d tags fit on one number. Nothing was changed.")
            % {"count": MOST_TAGS}
        )
    known = {tag.name.casefold(): tag for tag in team.tags.all()}
    missing = [name for key, name in wanted.items() if key not in known]
    if len(known) + len(missing) > MOST_TAGS_OF_TEAM:
        raise Refusal(
            _("The team has %(count)d tags already. Nothing was changed; use one of those.")
            % {"count": len(known)}
        )
    for name in missing:
        known[name.casefold()] = Tag.objects.create(team=team, name=name)
    return [known[key] for key in wanted]
