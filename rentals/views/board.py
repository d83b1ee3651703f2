"""The right of the desk: the departure board, one card for each open or recent purchase."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.db.models import Exists
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from accounts.models import Membership, ProviderAccount, Team
from catalog.models import Area
from core.money import dollars
from rentals.models import Activation, Message, Purchase, Tag
from rentals.operations.queueing import known_limit, places_in_queue
from rentals.states import ActivationState, PurchaseState
from rentals.visibility import may_read
from rentals.wording import explain_purchase

CARDS_SHOWN = 60
ANOTHER_AFTER = (PurchaseState.REFUSED, PurchaseState.ABANDONED, PurchaseState.NOT_BOUGHT)


@dataclass(frozen=True, slots=True)
class Card:
    """One purchase as a member sees it: what it is, what they may do, and what that costs."""

    purchase: Purchase
    price_now: Decimal | None  # of the same again, in US dollars; None where it is not offered
    can_buy: bool
    can_read: bool  # what came to it; otherwise its messages are concealed
    refusal: str = ""
    place: int = 0  # in the queue for a free slot; 0 where it does not wait in one

    @property
    def activation(self) -> Activation | None:
        """The number; None before there is one."""
        return getattr(self.purchase, "activation", None)

    @property
    def message(self) -> Message | None:
        """The newest SMS."""
        return self.messages[-1] if self.messages else None

    @property
    def messages(self) -> list[Message]:
        """Every SMS, oldest first."""
        if self.activation is None:
            return []
        found = sorted(self.activation.messages.all(), key=lambda message: message.pk)
        if not self.can_read:
            for message in found:
                message.conceal()
        return found

    @property
    def tags(self) -> list[Tag]:
        """The words it is grouped by; those of a lease are on its own page."""
        return [] if self.purchase.is_of_lease else list(self.purchase.tags.all())

    @property
    def explanation(self) -> str:
        """Why it stands as it stands, in plain words; "" where that goes without saying."""
        return explain_purchase(self.purchase)

    @property
    def limit(self) -> int | None:
        """How many numbers may be open at once on its account, where that was learned lately."""
        return known_limit(self.purchase.account)

    @property
    def look(self) -> str:
        """How the card looks: ``buying``, ``waiting``, ``code``, ``eyes`` or ``over``."""
        if self.purchase.is_open:
            return "buying"
        if self.purchase.state == PurchaseState.UNKNOWN:
            return "eyes"
        if self.message:
            return "code"
        return "waiting" if self.activation and self.activation.is_open else "over"

    @property
    def is_live(self) -> bool:
        """Whether something is still to happen by itself."""
        return self.look in ("buying", "waiting")

    @property
    def can_cancel(self) -> bool:
        """Whether the number can be given back."""
        waiting = self.activation and self.activation.state == ActivationState.WAITING
        return self.can_buy and bool(waiting)

    @property
    def can_abandon(self) -> bool:
        """Whether the purchase can still be taken back: it was not sent."""
        return self.can_buy and self.purchase.state == PurchaseState.HELD

    @property
    def can_put_away(self) -> bool:
        """Whether the card can leave the board: nothing is open and no money is held."""
        if self.purchase.is_of_lease and self.purchase.number:
            return False
        return self.can_buy and self.purchase.settled_at is not None and not self.is_live

    @property
    def can_reuse(self) -> bool:
        """Whether the same number may get another SMS: it had one, and its time is not up."""
        number = self.activation
        if number is None or number.state != ActivationState.RECEIVED or not self.can_read:
            return False
        return self._can_go_on and number.expires_at > timezone.now()

    @property
    def can_buy_another(self) -> bool:
        """Whether another number for the same trip makes sense: this one came to nothing."""
        number = self.activation
        ended = number is not None and not number.is_open and not self.message
        return self._can_go_on and (ended or self.purchase.state in ANOTHER_AFTER)

    @property
    def next_price(self) -> Decimal | None:
        """What going on costs, in US dollars: the newest price that we know of."""
        if self.price_now is None:
            return None
        return max(self.price_now, self.purchase.newer_quote or self.price_now)

    @property
    def _can_go_on(self) -> bool:
        return self.can_buy and self.price_now is not None and self.purchase.account.is_active


@dataclass(frozen=True, slots=True)
class Board:
    """The cards, newest first, and whether there are older ones that are only in history.

    ``has_account`` and ``has_bought`` (at any time) are found out only for an empty board, which says
    what to do next.
    """

    cards: list[Card]
    has_more: bool
    has_account: bool = True
    has_bought: bool = True

    @property
    def is_live(self) -> bool:
        """Whether any card still moves by itself."""
        return any(card.is_live for card in self.cards)


def board_of(membership: Membership) -> Board:
    """Read the board: four queries at most, however many cards."""
    found = list(membership.team.purchases.on_board().for_cards()[: CARDS_SHOWN + 1])
    cards = cards_of(membership, found[:CARDS_SHOWN])
    if cards:
        return Board(cards, has_more=len(found) > CARDS_SHOWN)
    active = membership.provider_accounts().filter(state=ProviderAccount.State.ACTIVE)
    has = Team.objects.filter(pk=membership.team_id).values_list(
        Exists(active), Exists(membership.team.purchases.all())
    )
    has_account, has_bought = has.get()
    return Board([], has_more=False, has_account=has_account, has_bought=has_bought)


def cards_of(
    membership: Membership, purchases: Iterable[Purchase], refusal: str = ""
) -> list[Card]:
    """Make cards of purchases that are read for cards; one query more where there are leases."""
    purchases = list(purchases)
    prices = _prices_of(purchases)
    places = places_in_queue(purchases)
    return [
        Card(
            purchase=purchase,
            price_now=prices.get(purchase.pk)
            if purchase.account.is_for(membership.user_id)
            else None,
            can_buy=membership.can_buy,
            can_read=may_read(membership, purchase),
            refusal=refusal,
            place=places.get(purchase.pk, 0),
        )
        for purchase in purchases
    ]


def _prices_of(purchases: list[Purchase]) -> dict[int, Decimal]:
    """Return what the same would cost now, by primary key; a query where there are leases."""
    codes = {purchase.area_code for purchase in purchases if purchase.is_of_lease}
    areas = Area.objects.listed().filter(provider_id__in=codes) if codes else ()
    by_area = {area.provider_id: area.monthly_price for area in areas}
    found = {}
    for purchase in purchases:
        price_now: Decimal | None = getattr(purchase, "price_now", None)
        if purchase.is_of_lease and purchase.area_code in by_area:
            found[purchase.pk] = by_area[purchase.area_code] * (purchase.months or 0)
        elif price_now is not None:
            found[purchase.pk] = dollars(price_now)
    return found


@login_required
@require_safe
def board(request: HttpRequest, team: str) -> HttpResponse:
    """The board alone, for a page that heard of a purchase it does not show, or lost its stream."""
    membership = get_membership(request, team)
    return render(
        request,
        "rentals/_board.html",
        {"team": membership.team, "membership": membership, "board": board_of(membership)},
    )
