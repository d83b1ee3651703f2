"""Alerts: made, paused, armed and dropped by their owner; checked against the catalogue.

An alert rings at an edge and not while something lasts. It is told once, and rests until what it
wished for is over by a margin: the price above it by a twentieth, the stock gone. So a price that
wobbles about the wish, or a list that is read again, rings once.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership
from catalog.models import Country, Offer, Service
from core.money import format_usd
from notify.models import Alert, Kind
from notify.operations.telling import notify

logger = logging.getLogger(__name__)

KINDS = {Alert.Kind.STOCK: Kind.BACK_IN_STOCK, Alert.Kind.PRICE: Kind.PRICE_ALERT}
MOST = 200  # alerts of one member in one team
BATCH = 200
REST = timedelta(hours=1)  # what flickers in and out of stock rings this often at most


class TooMany(Exception):
    """The member has as many alerts as one may have."""


@transaction.atomic
def add_alert(
    *,
    membership: Membership,
    service: Service,
    country: Country | None,
    kind: Alert.Kind,
    price: Decimal | None,
) -> Alert:
    """Make an alert, or give the member's own of this kind another price.

    It is armed unless what it wishes for is true already: then it waits for the next time. ``price``
    is US dollars, and None for one about the stock. Raises ``TooMany``.
    """
    facts = {
        "price": price,
        "rearm_above": None if price is None else Alert.margin_of(price),
        "paused": False,
    }
    # Under the member's own row: two clicks at once make one.
    Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    mine = Alert.objects.of(membership)
    alert = mine.filter(service=service, country=country, kind=kind).first()
    if alert is None:
        if mine.count() >= MOST:
            raise TooMany
        alert = Alert(
            user=membership.user, team=membership.team, service=service, country=country, kind=kind
        )
    for name, value in facts.items():
        setattr(alert, name, value)
    alert.armed = True
    alert.save()
    if Alert.objects.filter(pk=alert.pk).with_best().true_now().exists():
        Alert.objects.filter(pk=alert.pk).update(armed=False)
        alert.armed = False
    return alert


def pause_alert(*, alert: Alert, paused: bool) -> None:
    """Stop an alert for a while, or let it go on."""
    Alert.objects.filter(pk=alert.pk).update(paused=paused)


def arm_alert(*, alert: Alert) -> None:
    """Have an alert that rests ring again; at the next check, if its wish is true then."""
    Alert.objects.filter(pk=alert.pk).update(armed=True, paused=False)


def drop_alert(*, alert: Alert) -> None:
    """Take an alert out; what it told stays in the notifications."""
    alert.delete()


def check_alerts() -> int:
    """Arm what rested long enough, and tell of what has come true; return how many were told.

    One statement arms, and one finds what is true, with the cheapest offer of each: the number of
    alerts and offers does not matter. Two at once tell of each alert once: a row is locked, its
    ``armed`` swapped and its notification written in one transaction.
    """
    rearm(timezone.now())
    told = 0
    while True:
        found = _fire_batch(timezone.now())
        told += found
        if found < BATCH:
            return told


def rearm(now: datetime) -> int:
    """Arm the resting alerts whose wish is over by a margin; return how many."""
    resting = Alert.objects.filter(armed=False, paused=False).with_best()
    long_ago = Q(fired_at=None) | Q(fired_at__lte=now - REST)
    gone = long_ago & Q(kind=Alert.Kind.STOCK, best=None)
    dearer = Q(kind=Alert.Kind.PRICE, cost__gt=F("rearm_above"))
    over = resting.filter(gone | dearer).values("pk")
    return Alert.objects.filter(pk__in=over, armed=False).update(armed=True)


@transaction.atomic
def _fire_batch(now: datetime) -> int:
    due = Alert.objects.heard().filter(armed=True).with_best().true_now()
    # Whoever checks at the same time has locked theirs, and tells of them.
    rows = due.select_for_update(of=("self",), no_key=True, skip_locked=True)
    found = list(rows.select_related("service", "country", "team", "user").order_by("pk")[:BATCH])
    Alert.objects.filter(pk__in=[alert.pk for alert in found]).update(
        armed=False, fired_at=now, fired=F("fired") + 1
    )
    offers = Offer.objects.select_related("country").in_bulk(
        alert.best for alert in found if alert.best
    )
    for alert in found:
        offer = offers[alert.best or 0]
        notify(
            team_id=alert.team_id,
            users=[alert.user],
            kind=KINDS[Alert.Kind(alert.kind)],
            key=f"alert:{alert.pk}:{alert.fired + 1}",
            title=partial(_title_of, alert, offer),
            body=partial(_body_of, offer),
            url=f"{reverse('rentals:desk', args=[alert.team.slug])}?service={alert.service_id}",
        )
    return len(found)


def _title_of(alert: Alert, offer: Offer) -> str:
    figures = {
        "service": alert.service.title,
        "country": offer.country.name,
        "price": format_usd(offer.cost),
    }
    if alert.price is None:
        return _("%(service)s is back in stock in %(country)s") % figures
    figures["wish"] = format_usd(alert.price)
    return _("%(service)s costs %(price)s in %(country)s: you asked for %(wish)s or less") % figures


def _body_of(offer: Offer) -> str:
    figures = {
        "price": format_usd(offer.cost),
        "country": offer.country.name,
        "stock": offer.stock,
    }
    return _("%(price)s in %(country)s, %(stock)s numbers at the last look.") % figures
