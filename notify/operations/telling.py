"""Telling members of a team something, each of them once."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.encoding import iri_to_uri

from accounts.models import Role, User
from core.queue import enqueue_on_commit
from live import bus
from notify.models import Delivery, Kind, Notification
from notify.models.preference import who_wants_mail

Words = str | Callable[[], str]


def language_of(user: User) -> AbstractContextManager[None]:
    """The language that ``user`` reads, for as long as the context lasts."""
    return translation.override(user.language or settings.LANGUAGE_CODE)


def _say(words: Words) -> str:
    return words if isinstance(words, str) else words()


def topic_of(user_id: int) -> str:
    """The live topic of what one member is told; published in the channel of the team."""
    return f"notifications:{user_id}"


@transaction.atomic
def notify(
    *,
    team_id: int,
    users: Iterable[User],
    kind: Kind,
    key: str,
    title: Words,
    body: Words = "",
    url: str,
) -> int:
    """Tell ``users``, members of the team, what ``key`` names; return how many did not know it yet.

    The same key tells nobody twice, however often and by however many this is called at once. Who
    wants the kind by mail too gets a delivery in the same transaction. ``url`` is a path of this site.
    Texts are for people: no SMS, no secret; a function is called for each reader, in their language.
    Raises ``ValueError`` for an address elsewhere.
    """
    if not url.startswith("/") or url.startswith("//"):
        raise ValueError("a notification leads to a page of this site")
    wanted = {user.pk: user for user in users}
    known = Notification.objects.filter(team=team_id, key=key, user__in=wanted)
    fresh = sorted(set(wanted) - set(known.values_list("user", flat=True)))
    if not fresh:
        return 0
    facts = {"team_id": team_id, "kind": kind, "key": key, "url": iri_to_uri(url)}
    rows = []
    for user in fresh:
        with language_of(wanted[user]):
            said, more = _say(title)[:200], _say(body)[:1000]
        rows.append(Notification(user_id=user, title=said, body=more, **facts))
    # Conflicts: somebody else has told them since our look.
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    _hand_over(team_id, fresh, kind, key)
    for user in fresh:
        bus.publish(team_id=team_id, topic=topic_of(user))
    return len(fresh)


def _hand_over(team_id: int, user_ids: list[int], kind: Kind, key: str) -> None:
    """Write a delivery for each who wants a mail, and wake a worker."""
    from notify import tasks  # the tasks import the operations

    mailed = who_wants_mail(user_ids, kind)
    if not mailed:
        return
    told = Notification.objects.filter(team=team_id, key=key, user__in=mailed)
    Delivery.objects.bulk_create(
        (Delivery(notification=notification) for notification in told), ignore_conflicts=True
    )
    waiting = Delivery.objects.filter(notification__in=told, state=Delivery.State.WAITING)
    for pk in waiting.values_list("pk", flat=True):
        enqueue_on_commit(tasks.deliver, pk)


def managers_of(team_id: int) -> list[User]:
    """Return the owners and admins of a team who can sign in."""
    roles = (Role.OWNER, Role.ADMIN)
    return list(
        User.objects.filter(
            is_active=True, memberships__team=team_id, memberships__role__in=roles
        ).order_by("pk")
    )
