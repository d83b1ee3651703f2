"""Asking for a number: the purchase is written and its money held; a worker does the buying."""

import uuid
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ProviderAccount, Team, User
from catalog.models import Area, Offer, Service
from core.money import format_usd
from core.queue import enqueue_on_commit
from rentals import journal, ledger, limits, wording
from rentals.models import Activation, Lease, Purchase
from rentals.operations.errors import OverLimit, Refusal
from rentals.operations.fairuse import check_fair_use
from rentals.operations.queueing import blocked_until
from rentals.operations.trips import remember_trip
from rentals.states import PURCHASE_UNDECIDED, ActivationState, PurchaseState


def request_number(
    *,
    team: Team,
    buyer: User,
    account: ProviderAccount,
    offer: Offer,
    quoted: Decimal,
    client_key: uuid.UUID,
    reusable_only: bool = False,
) -> Purchase:
    """Write the purchase of a number for ``offer`` and hold ``quoted`` US dollars for it.

    ``quoted`` is the price that the buyer saw on the button: the most this will cost. The same
    ``client_key`` again gives the same purchase (a double click, a form sent twice, two of them at
    the same moment). Raises ``Refusal`` when the offer or the account is no good, or the key comes
    back with other contents, and ``OverLimit`` where it would exceed a limit.
    """
    if not offer.listed:
        raise Refusal(
            _("%(offer)s is no longer offered. Nothing was bought; choose another country.")
            % {"offer": offer.name}
        )
    wish = {
        "account": account,
        "kind": Purchase.Kind.NUMBER,
        "country": offer.country,
        "service": offer.service,
        "reuse_of": None,
        "reusable_only": reusable_only,
        "quoted": quoted,
    }
    if offer.cost > quoted and not _already_asked(team, client_key):
        raise Refusal(
            _(
                "The price of %(offer)s is now %(now)s, not %(quoted)s. Nothing was bought; "
                "press the button with the new price if you still want it."
            )
            % {"offer": offer.name, "now": format_usd(offer.cost), "quoted": format_usd(quoted)}
        )
    return _write(team=team, buyer=buyer, client_key=client_key, wish=wish)


def request_reuse(
    *, activation: Activation, buyer: User, quoted: Decimal, client_key: uuid.UUID
) -> Purchase:
    """Write the purchase of one more SMS to a number that has had one; hold ``quoted`` for it.

    Raises ``Refusal`` where the number never received anything, and otherwise as
    ``request_number`` does; the provider decides the rest (it reuses numbers for about 20 minutes).
    """
    if activation.state != ActivationState.RECEIVED:
        raise Refusal(
            _("Only a number that has received an SMS can be used again. Nothing was bought.")
        )
    wish = {
        "account": activation.account,
        "kind": Purchase.Kind.REUSE,
        "country": activation.country,
        "service": activation.service,
        "reuse_of": activation,
        "reusable_only": False,
        "quoted": quoted,
    }
    return _write(team=activation.team, buyer=buyer, client_key=client_key, wish=wish)


def request_lease(
    *,
    team: Team,
    buyer: User,
    account: ProviderAccount,
    area: Area,
    months: int,
    quoted: Decimal,
    client_key: uuid.UUID,
) -> Purchase:
    """Write the purchase of a long-term number in ``area`` and hold ``quoted`` US dollars for it.

    ``quoted`` is for all the ``months``. The key works as in ``request_number``. Raises ``Refusal``
    when the area or the account is no good, the price is higher, or the months are too few.
    """
    wish = {
        "account": account,
        "kind": Purchase.Kind.LEASE,
        "area_code": area.provider_id,
        "area_name": area.title,
        "months": months,
        "quoted": quoted,
    }
    if not _already_asked(team, client_key):
        _check_fare(area, months, quoted)
    return _write(team=team, buyer=buyer, client_key=client_key, wish=wish)


def request_renewal(
    *, lease: Lease, area: Area, buyer: User, months: int, quoted: Decimal, client_key: uuid.UUID
) -> Purchase:
    """Write the purchase of more months for ``lease``, which is in ``area``; hold ``quoted`` for it.

    Raises ``Refusal`` where the lease is over, another renewal is on its way or of unknown outcome
    (both would be paid), or as ``request_lease`` does.
    """
    wish = {
        "account": lease.account,
        "kind": Purchase.Kind.RENEWAL,
        "area_code": lease.area_code,
        "area_name": lease.area_name,
        "months": months,
        "renews": lease,
        "quoted": quoted,
    }
    if not _already_asked(lease.team, client_key):
        if not lease.can_renew:
            raise Refusal(_("This number can no longer be renewed. Nothing was bought."))
        if lease.renewals.filter(state__in=PURCHASE_UNDECIDED).exists():
            raise Refusal(
                _(
                    "Another renewal of this number is on its way, or its outcome is not known yet. "
                    "Nothing more was bought; wait until it is decided."
                )
            )
        _check_fare(area, months, quoted)
    return _write(team=lease.team, buyer=buyer, client_key=client_key, wish=wish)


def _check_fare(area: Area, months: int, quoted: Decimal) -> None:
    """Raise ``Refusal`` unless ``months`` in ``area`` are on offer for at most ``quoted``."""
    if not area.listed:
        raise Refusal(
            _("%(area)s is no longer offered. Nothing was bought; choose another area.")
            % {"area": area}
        )
    if months < area.min_months:
        raise Refusal(
            _("In %(area)s the shortest lease is %(months)s months. Nothing was bought.")
            % {"area": area, "months": area.min_months}
        )
    now = area.monthly_price * months
    if now > quoted:
        raise Refusal(
            _(
                "The price of %(offer)s is now %(now)s, not %(quoted)s. Nothing was bought; "
                "press the button with the new price if you still want it."
            )
            % {"offer": area, "now": format_usd(now), "quoted": format_usd(quoted)}
        )


def abandon_purchase(*, purchase: Purchase, actor: User) -> bool:
    """Give up a purchase that was not sent yet; False when a worker was faster."""
    if purchase.state != PurchaseState.HELD:
        return False
    with transaction.atomic():
        given_up = journal.move(
            purchase,
            PurchaseState.ABANDONED,
            reason="given_up",
            actor=actor,
            ended_at=timezone.now(),
        )
        if given_up:
            ledger.release(purchase)
    return given_up


def put_away(*, purchase: Purchase) -> bool:
    """Take a finished purchase off the board; it stays in history. False while it is unfinished."""
    unsettled = purchase.settled_at is None
    waiting = Activation.objects.open().filter(purchase=purchase).exists()
    if unsettled or waiting:
        return False
    with transaction.atomic():
        Purchase.objects.filter(pk=purchase.pk).update(put_away_at=timezone.now())
        journal.publish(purchase)
    return True


def _already_asked(team: Team, client_key: uuid.UUID) -> bool:
    return Purchase.objects.filter(team=team, client_key=client_key).exists()


def _write(*, team: Team, buyer: User, client_key: uuid.UUID, wish: dict[str, Any]) -> Purchase:
    from rentals import tasks  # the tasks import the operations

    with transaction.atomic():
        # Clicks of one team come one after the other: each sees what the others hold, so that none
        # exceeds a limit, and a second click with the same key finds what the first one has bought.
        # Not its key: a settlement, whose rows refer to the team, checks that last, when it has
        # the buyer's day that we need next.
        team = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        earlier = _same_key(team, client_key, wish)
        if earlier is not None:
            return earlier
        if team.closed_at is not None:
            raise Refusal(_("This team was deleted in the meantime. Nothing was bought."))
        check_fair_use(team, wish["account"], wish.get("service"))
        _check_account(team, buyer, wish["account"], wish.get("service"))
        _check_limits(team, buyer, wish["quoted"])
        purchase = Purchase.objects.create(team=team, buyer=buyer, client_key=client_key, **wish)
        journal.note(purchase, to_state=PurchaseState.HELD, actor=buyer)
        ledger.hold(purchase)
        remember_trip(purchase)
        enqueue_on_commit(tasks.send_purchase, purchase.pk)
    return purchase


def _check_account(
    team: Team, buyer: User, account: ProviderAccount, service: Service | None
) -> None:
    if not account.is_for(buyer.pk):
        raise Refusal(
            _("This was bought on a private account of another member. Nothing was bought.")
        )
    if account.team_id != team.pk or not account.is_active:
        raise Refusal(
            _(
                "The provider account “%(account)s” cannot buy at the moment. Nothing was bought; "
                "see Provider accounts for the reason."
            )
            % {"account": account}
        )
    block = blocked_until(account, service.pk) if service else None
    if block is not None:
        raise Refusal(
            _(
                "The provider has blocked %(service)s for this account until %(until)s UTC. "
                "Nothing was bought; wait, or choose another service."
            )
            % {"service": block.service, "until": f"{block.until:%Y-%m-%d %H:%M}"}
        )


def _check_limits(team: Team, buyer: User, amount: Decimal) -> None:
    gauge = limits.find_exceeded(team, buyer, amount)
    if gauge is not None:
        raise OverLimit(wording.explain_limit(gauge, cost=amount))


def _same_key(team: Team, client_key: uuid.UUID, wish: dict[str, Any]) -> Purchase | None:
    earlier = Purchase.objects.filter(team=team, client_key=client_key).first()
    if earlier is None:
        return None
    if any(getattr(earlier, name) != value for name, value in wish.items()):
        raise Refusal(
            _(
                "This form was already sent with other contents. Nothing more was bought; "
                "reload the page and choose again."
            )
        )
    return earlier
