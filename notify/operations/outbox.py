"""The events of ``rentals`` become notifications: whatever happened is told once, in every order of commits.

The events are the outbox: they are written in the transaction of the change itself, so that nothing
that happened is missing. A cursor says up to where they are done with. On PostgreSQL an event may be
committed after a later one, so the cursor follows only at a distance, and the newest events are read
again and again; what each tells of has a key, under which nobody is told twice.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team, User
from notify.models import Kind, Outbox
from notify.operations.telling import managers_of, notify
from rentals.limits import Gauge, read_all_gauges
from rentals.limits import Kind as LimitKind
from rentals.models import Event, Purchase
from rentals.states import PurchaseState

logger = logging.getLogger(__name__)

DISTANCE = timedelta(minutes=2)  # longer than any transaction that writes an event
BATCH = 500
NEEDS_PERSON = "left_to_person"
FULL, NEAR = 100, 80  # percent of a limit


def read_events() -> None:
    """Tell what new events concern somebody; the first time there are none.

    One event, or one team, that cannot be told of never stops the others. Two at once do no harm.
    """
    now = timezone.now()
    outbox = _outbox()
    place = outbox.event_id
    while events := list(
        Event.objects.filter(pk__gt=place).select_related("purchase__team").order_by("pk")[:BATCH]
    ):
        _tell(events)
        place = events[-1].pk
    done = Event.objects.filter(pk__gt=outbox.event_id, created__lt=now - DISTANCE)
    last = done.aggregate(last=Max("pk"))["last"]
    if last is not None:
        # Never back: another sweep may have been further.
        Outbox.objects.filter(pk=outbox.pk, event_id__lt=last).update(event_id=last)


def _outbox() -> Outbox:
    """The cursor; on its first day it begins at the end: nobody wants last year's news."""
    found = Outbox.objects.first()
    if found is not None:
        return found
    last = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    return Outbox.objects.get_or_create(pk=Outbox.SINGLE, defaults={"event_id": last})[0]


def _tell(events: list[Event]) -> None:
    teams: dict[int, Team] = {}
    for event in events:
        if event.subject != Event.Subject.PURCHASE:
            continue
        if event.to_state == PurchaseState.HELD:
            teams[event.team_id] = event.purchase.team
        try:
            _tell_of_unknown(event)
        except Exception:
            logger.exception("outbox: event %s", event.pk)
    limited = Team.objects.filter(pk__in=teams, limits__isnull=False).distinct()
    for team in limited:
        try:
            _tell_of_limits(team, timezone.now())
        except Exception:
            logger.exception("outbox: the limits of team %s", team.pk)


def _tell_of_unknown(event: Event) -> None:
    """A purchase whose outcome no evidence can tell: somebody has to look on the provider's site."""
    purchase = event.purchase
    if purchase.state != PurchaseState.UNKNOWN or purchase.look_again_at is not None:
        return
    if event.reason != NEEDS_PERSON and event.to_state != PurchaseState.UNKNOWN:
        return
    notify(
        team_id=purchase.team_id,
        users=[*managers_of(purchase.team_id), *_if_member(purchase)],
        kind=Kind.OUTCOME_UNKNOWN,
        key=f"unknown:{purchase.pk}",
        title=lambda: (
            _("Nobody knows whether %(title)s (%(place)s) was bought")
            % {"title": purchase.title, "place": purchase.place}
        ),
        body=lambda: _(
            "Its price stays reserved and nothing is sent again. An owner or admin looks on the "
            "provider's site and says on its page what became of it."
        ),
        url=purchase.get_absolute_url(),
    )


def _if_member(purchase: Purchase) -> Iterable[User]:
    return purchase.team.members.filter(pk=purchase.whose.pk, is_active=True)


def _tell_of_limits(team: Team, now: datetime) -> None:
    """Four fifths, or all, of what may be spent today or this month are spent or reserved.

    Told to owners and admins, and to the member whose own limit it is. What is open at once fills
    and empties all day: the desk shows it, and nobody is called for it.
    """
    for member_id, gauges in read_all_gauges(team).items():
        for gauge in gauges:
            period = _period_of(gauge, now)
            if period and gauge.is_near:
                _tell_of_gauge(team, member_id, gauge, period)


def _period_of(gauge: Gauge, now: datetime) -> str:
    formats = {LimitKind.PER_DAY: "%Y-%m-%d", LimitKind.PER_MONTH: "%Y-%m"}
    return f"{now:{formats[gauge.kind]}}" if gauge.kind in formats else ""


def _tell_of_gauge(team: Team, member_id: int | None, gauge: Gauge, period: str) -> None:
    level = FULL if gauge.is_full else NEAR
    bound = team.members.filter(pk=member_id, is_active=True).first()
    if member_id is not None and bound is None:
        return  # they have left
    day = gauge.kind == LimitKind.PER_DAY
    notify(
        team_id=team.pk,
        users=[*managers_of(team.pk), *([bound] if bound else [])],
        kind=Kind.LIMIT_REACHED,
        key=f"limit:{member_id or 'team'}:{gauge.kind}:{period}:{level}",
        title=partial(_limit_title, bound, day=day, full=level == FULL),
        body=lambda: _("Owners and admins can change it. Days and months are those of UTC."),
        url=reverse("rentals:limits", args=[team.slug]),
    )


def _limit_title(bound: User | None, *, day: bool, full: bool) -> str:
    whose = _("the team's") if bound is None else _("%(name)s's") % {"name": bound.short_name}
    figures = {"whose": whose, "when": _("today") if day else _("this month")}
    if full:
        return _("All of %(whose)s limit for %(when)s is used") % figures
    return _("Four fifths of %(whose)s limit for %(when)s are used") % figures
