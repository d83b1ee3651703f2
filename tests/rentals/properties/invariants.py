"""What must hold whatever fails, asked of the product's tables and of the provider's own books.

Each function is one of the invariants I1 to I11; I12 and I13 are asserted where the example ends.
Two of them need more than one process can show, and are proved with real ones too: I8 and I13, whose
workers and Valkey are killed, in ``tests/chaos``; I3 with a hundred clicks at the same moment in
``tests/rentals/operations/test_limits_at_once.py``.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils import timezone

from core.money import ZERO
from rentals.models import Activation, Event, Lease, LedgerEntry, MemberDay, Message, Purchase
from sandbox.books import Entry
from tests.rentals.properties.world import (
    BUYING,
    READABLE,
    Customer,
    World,
)

# Written down again from the design, so that a change of the product's own table is noticed.
PURCHASE = {
    "": {"held"},
    "held": {"sending", "abandoned"},
    "sending": {"held", "bought", "refused", "unknown"},
    "unknown": {"bought", "not_bought", "lost"},
}
ACTIVATION = {
    "": {"waiting"},
    "waiting": {"received", "cancelling", "expired"},
    "cancelling": {"cancelled", "received", "expired"},
}
LEASE = {
    "": {"active"},
    "active": {"grace", "released", "cancelling", "cancelled"},
    "cancelling": {"active", "cancelled"},
    "grace": {"active", "released"},
}
MACHINES = {"purchase": PURCHASE, "activation": ACTIVATION, "lease": LEASE}
NEVER_SOLD = ("held", "refused", "abandoned")
ENDED = ("refused", "abandoned", "not_bought", "lost")
NUMBER_ENDED = ("received", "cancelled", "expired")
SETTLEMENTS = {"charge", "release", "loss"}
DAY_COLUMNS = {
    "hold": "held",
    "charge": "charged",
    "release": "released",
    "refund": "refunded",
    "loss": "lost",
}


@dataclass
class Rows:
    """What the database says about one team, and the provider's books say about its account."""

    customer: Customer
    purchases: list[Purchase]
    numbers: dict[int, Activation]  # by purchase
    leases: dict[int, Lease]  # by purchase
    entries: dict[int, list[LedgerEntry]]  # by purchase
    events: list[Event]
    messages: list[Message]
    days: list[MemberDay]
    books: dict[str, Entry]

    @classmethod
    def read(cls, world: World) -> "list[Rows]":
        """Few and plain queries, for all teams at once: this runs after every step."""
        teams = [customer.team.pk for customer in world.customers]
        found: dict[tuple[type[Model], int], list[Any]] = defaultdict(list)
        for model in (Purchase, Activation, Lease, LedgerEntry, Event, Message, MemberDay):
            for row in model._default_manager.filter(team__in=teams).order_by("pk"):
                found[model, row.team_id].append(row)
        return [cls._of(world, customer, found) for customer in world.customers]

    @classmethod
    def _of(cls, world: World, customer: Customer, found: dict[Any, list[Any]]) -> "Rows":
        def of_team(model: type[Model]) -> list[Any]:
            return found[model, customer.team.pk]

        entries = defaultdict(list)
        for entry in of_team(LedgerEntry):
            entries[entry.purchase_id].append(entry)
        return cls(
            customer,
            of_team(Purchase),
            {number.purchase_id: number for number in of_team(Activation)},
            {lease.purchase_id: lease for lease in of_team(Lease)},
            entries,
            of_team(Event),
            of_team(Message),
            of_team(MemberDay),
            world.books(customer),
        )

    def ended(self, purchase: Purchase) -> bool:
        """Whether nothing more can come of a purchase: its money must be settled."""
        if purchase.state == "bought" and purchase.kind in ("lease", "renewal"):
            return True  # paid at once
        number = self.numbers.get(purchase.pk)
        return purchase.state in ENDED or (number is not None and number.state in NUMBER_ENDED)


def check_always(world: World) -> None:
    """The invariants that hold at every moment."""
    sent_at_most_once(world)
    for rows in Rows.read(world):
        for purchase in rows.purchases:
            settled_once(rows, purchase)
            what_is_not_bought_is_not_in_the_books(world, rows, purchase)
        never_negative(rows)
        within_limits(world, rows)
        only_legal_transitions(rows)
        everything_sold_is_accounted_for(world, rows)
        messages_are_what_came(world, rows)
        nothing_crosses_teams(rows)


def check_at_rest(world: World) -> None:
    """The invariants of a world in which everything has ended."""
    for rows in Rows.read(world):
        for purchase in rows.purchases:
            assert rows.ended(purchase), f"{purchase.pk} has no end: {purchase.state}"
        spent_is_what_the_provider_took(world, rows)
        inboxes_are_complete(world, rows)


def sent_at_most_once(world: World) -> None:
    """I1: at most one request reaches the provider for each purchase, and none for no purchase."""
    for purchase, sends in world.truth.sends.items():
        assert sends <= 1, f"I1: purchase {purchase} was sent {sends} times"
    reached = sum(world.sandbox.service.counts[name] for name in BUYING)
    assert reached == sum(world.truth.sends.values()), "I1: the provider was asked for nobody"


def settled_once(rows: Rows, purchase: Purchase) -> None:
    """I2: one hold; at most one settlement, exactly one when it has ended; a charge comes back once."""
    entries = rows.entries[purchase.pk]
    kinds = [entry.kind for entry in entries]
    settlements = [kind for kind in kinds if kind in SETTLEMENTS]
    about = f"I2: purchase {purchase.pk} is {purchase.state}, its ledger {kinds}"
    assert kinds[:1] == ["hold"], about
    assert kinds.count("hold") == 1, about
    assert len(settlements) == (1 if rows.ended(purchase) else 0), about
    assert (purchase.settled_at is not None) == rows.ended(purchase), about
    amounts = {entry.kind: entry.amount for entry in entries}
    assert kinds.count("refund") <= kinds.count("charge"), about
    assert amounts.get("refund", amounts.get("charge")) == amounts.get("charge"), about
    for kind, amount in amounts.items():
        exact = kind in ("hold", "release")
        assert amount == purchase.quoted if exact else amount <= purchase.quoted, about


def never_negative(rows: Rows) -> None:
    """I3: what is reserved and what is spent is never below zero, and the days add up to it."""
    by_kind = dict.fromkeys(DAY_COLUMNS, ZERO)
    for entries in rows.entries.values():
        for entry in entries:
            by_kind[entry.kind] += entry.amount
    for kind, column in DAY_COLUMNS.items():
        assert sum(getattr(day, column) for day in rows.days) == by_kind[kind], f"I3: {kind}"
    reserved = sum(p.quoted for p in rows.purchases if p.settled_at is None)
    settled = sum(p.quoted for p in rows.purchases if p.settled_at is not None)
    assert reserved == by_kind["hold"] - settled >= 0, f"I3: {reserved} is reserved"
    assert by_kind["charge"] + by_kind["loss"] - by_kind["refund"] >= 0, "I3: spent is negative"


def within_limits(world: World, rows: Rows) -> None:
    """I3: what is used of a limit never grows beyond it; what one that was lowered leaves only falls."""
    if rows.customer is not world.customers[0]:
        return
    used = _used_of_limits(world, rows)
    for kind, most in world.limits.items():
        before = 0 if kind == "per_purchase" else world.used[kind]
        assert used[kind] <= max(most, before), f"I3: {used[kind]} {kind}, {most} are allowed"
    world.used = used
    world.looked_at = {purchase.pk for purchase in rows.purchases}


def _used_of_limits(world: World, rows: Rows) -> dict[str, Any]:
    """Added up from the purchases and the ledger, not by the sums that the product keeps."""
    now = timezone.now()
    unsettled = [purchase.quoted for purchase in rows.purchases if purchase.settled_at is None]
    month = today = sum(unsettled, ZERO)
    for entry in (entry for entries in rows.entries.values() for entry in entries):
        sign = {"charge": 1, "loss": 1, "refund": -1}.get(entry.kind, 0)
        same_month = (entry.created.year, entry.created.month) == (now.year, now.month)
        month += sign * entry.amount if same_month else 0
        today += sign * entry.amount if entry.created.date() == now.date() else 0
    asked = [p for p in rows.purchases if p.pk not in world.looked_at and not p.instead_of_id]
    return {
        "per_month": month,
        "per_day": today,
        "open_at_once": len(unsettled),
        "per_purchase": max((purchase.quoted for purchase in asked), default=ZERO),
    }


def only_legal_transitions(rows: Rows) -> None:
    """I4: each timeline is a path through the machines and ends where the row stands."""
    at: dict[tuple[int, str], str] = {}
    for event in rows.events:
        if not event.to_state:
            continue  # a fact, not a change
        subject, old, new = event.subject, event.from_state, event.to_state
        key = (event.purchase_id, subject)
        assert old == at.get(key, ""), f"I4: {subject} {key[0]}: {old} → {new} out of turn"
        assert new in MACHINES[subject].get(old, ()), f"I4: {subject} {key[0]}: {old} → {new}"
        at[key] = new
    stands = {(purchase.pk, "purchase"): purchase.state for purchase in rows.purchases}
    stands |= {(pk, "activation"): number.state for pk, number in rows.numbers.items()}
    stands |= {(pk, "lease"): lease.state for pk, lease in rows.leases.items()}
    assert at == stands, "I4: a row is not where its timeline ends"


def what_is_not_bought_is_not_in_the_books(world: World, rows: Rows, purchase: Purchase) -> None:
    """I5: nothing that we call unsent, refused or not bought costs money at the provider.

    Nor is anything refunded here that the provider has not refunded.
    """
    entry = rows.books.get(world.truth.sold.get(purchase.pk, ""))
    if purchase.state in NEVER_SOLD:
        assert entry is None, f"I5: {purchase.pk} is {purchase.state}, yet sold: {entry}"
    if purchase.state == "not_bought":
        assert entry is None or entry.state == "released", f"I5: {purchase.pk} is sold: {entry}"
    if any(row.kind == "refund" for row in rows.entries[purchase.pk]):
        assert entry is not None, f"I5: {purchase.pk} is refunded, yet not sold"
        assert entry.state == "refunded", f"I5: {purchase.pk} is refunded here: {entry}"


def everything_sold_is_accounted_for(world: World, rows: Rows) -> None:
    """I6: what is in the provider's books has its number here, or its purchase is not explained."""
    by_pk = {purchase.pk: purchase for purchase in rows.purchases}
    bought_for = {request_id: by_pk.get(pk) for pk, request_id in world.truth.sold.items()}
    linked = {number.request_id: pk for pk, number in rows.numbers.items()}
    linked |= {p.order_id: p.pk for p in rows.purchases if p.order_id}
    for request_id, entry in rows.books.items():
        purchase = bought_for[request_id]
        assert purchase is not None, f"I6: {entry} was bought for another team"
        if request_id in linked:
            assert linked[request_id] == purchase.pk, f"I6: {entry} is linked to another purchase"
        else:
            unexplained = purchase.state in ("sending", "unknown", "lost")
            released = purchase.state == "not_bought" and entry.state == "released"
            assert unexplained or released, f"I6: {entry} is {purchase.state}, not linked"


def messages_are_what_came(world: World, rows: Rows) -> None:
    """I7: each SMS is stored once; nothing that was readable for a minute is lost or invented."""
    stored = _stored_texts(rows)
    for request_id, texts in stored.items():
        assert len(set(texts)) == len(texts), f"I7: stored twice: {texts}"
        came = {sms.text for sms in world.truth.texts.get(request_id, [])}
        assert set(texts) <= came, f"I7: {texts} is not what came: {came}"
    for request_id in rows.books:
        for sms in world.truth.texts.get(request_id, []):
            if sms.readable >= READABLE:
                assert sms.text in stored[request_id], f"I7: {request_id}: {sms} was lost"
    for order_id, messages in _stored_on_leases(rows).items():
        assert len(set(messages)) == len(messages), f"I7: stored twice: {messages}"
        came_there = {(sms.text, sms.at) for sms in world.truth.texts.get(order_id, [])}
        assert set(messages) <= came_there, f"I7: {messages} is not what came: {came_there}"


def inboxes_are_complete(world: World, rows: Rows) -> None:
    """I7: at rest every SMS of a long-term number that we still have is stored."""
    stored = _stored_on_leases(rows)
    ours = {p.order_id for p in rows.purchases if p.pk in rows.leases}
    for order_id in ours & set(world.held_leases()):
        came = {(sms.text, sms.at) for sms in world.truth.texts.get(order_id, [])}
        assert set(stored.get(order_id, ())) == came, f"I7: {order_id}: {came} came"


def _stored_texts(rows: Rows) -> dict[str, list[str]]:
    request_ids = {number.pk: number.request_id for number in rows.numbers.values()}
    stored = defaultdict(list)
    for message in rows.messages:
        if message.activation_id is not None:
            stored[request_ids[message.activation_id]].append(message.text)
    return stored


def _stored_on_leases(rows: Rows) -> dict[str, list[tuple[str, int]]]:
    """The same text at another second is another SMS."""
    orders = {rows.leases[p.pk].pk: p.order_id for p in rows.purchases if p.pk in rows.leases}
    stored = defaultdict(list)
    for message in rows.messages:
        if message.lease_id is not None:
            at = int(message.received_at.timestamp())
            stored[orders[message.lease_id]].append((message.text, at))
    return stored


def nothing_is_stuck_in_sending(world: World) -> None:
    """I8: right after a sweep nothing is in `sending` whose claim has run out."""
    teams = [customer.team for customer in world.customers]
    stuck = Purchase.objects.filter(team__in=teams, state="sending", claim_until__lt=timezone.now())
    assert not stuck.exists(), "I8: a claim ran out, and no sweep has seen it"


def spent_is_what_the_provider_took(world: World, rows: Rows) -> None:
    """I9: at rest every cent that the provider took is spent here, and the other way round.

    Three differences are not ours to prevent, and known: a price that the provider changed between
    the list and the sale, a person who wrote off what was never sold, and an SMS that could not be
    read for a minute before its number was over.
    """
    known = ZERO
    for purchase in rows.purchases:
        entry = rows.books.get(world.truth.sold.get(purchase.pk, ""))
        taken = entry.amount if entry is not None and entry.state == "charged" else ZERO
        signs = {"charge": 1, "loss": 1, "refund": -1}
        spent = sum((signs.get(e.kind, 0) * e.amount for e in rows.entries[purchase.pk]), ZERO)
        if spent != taken:
            about = f"I9: {purchase.pk} {purchase.state}: {spent} here, {taken} there"
            assert _difference_is_known(world, purchase, spent, taken), about
            known += taken - spent
    all_spent = sum(day.charged + day.lost - day.refunded for day in rows.days)
    paid = world.sandbox.world.account(rows.customer.token).paid
    assert all_spent + known == paid, f"I9: {all_spent} spent and {known} known, {paid} paid"


def _difference_is_known(world: World, purchase: Purchase, spent: Decimal, taken: Decimal) -> bool:
    texts = world.truth.texts.get(world.truth.sold.get(purchase.pk, ""), [])
    unread = bool(texts) and all(sms.readable < READABLE for sms in texts)
    if spent and taken:
        return purchase.pk in world.truth.repriced
    return purchase.pk in world.truth.written_off_wrongly if spent else unread


def nothing_crosses_teams(rows: Rows) -> None:
    """I11: whatever hangs on a purchase belongs to its team and its account."""
    team, account = rows.customer.team.pk, rows.customer.account.pk
    purchases = {purchase.pk for purchase in rows.purchases}
    entries = [entry for entries in rows.entries.values() for entry in entries]
    for row in [*rows.purchases, *rows.numbers.values(), *rows.leases.values(), *entries]:
        assert (row.team_id, row.account_id) == (team, account), f"I11: {row!r} of another account"
    linked = {event.purchase_id for event in rows.events} | set(rows.entries)
    assert linked | set(rows.numbers) | set(rows.leases) <= purchases, "I11: another purchase"
    numbers = {(number.pk, None) for number in rows.numbers.values()}
    numbers |= {(None, lease.pk) for lease in rows.leases.values()}
    for message in rows.messages:
        assert (message.activation_id, message.lease_id) in numbers, "I11: another team's SMS"
    bought = {number.request_id: number.number for number in rows.numbers.values()}
    bought |= {
        p.order_id: rows.leases[p.pk].mobile_number for p in rows.purchases if p.pk in rows.leases
    }
    for bought_id, digits in bought.items():
        entry = rows.books.get(bought_id)
        assert entry is not None, f"I11: {bought_id} is another team's"
        assert entry.number == digits, f"I11: {entry} is {digits} here"
