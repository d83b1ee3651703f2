"""What can happen: to buyers, in the site's processes, at the provider, and that time passes.

Each deed is a method with small arguments; ``DEEDS`` draws one. Those who act on a purchase do so
whatever its state: the product has to know better.
"""

import contextlib
import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from hypothesis import strategies as st

from rentals.models import Purchase
from rentals.operations import lease as leases
from rentals.operations.activation import request_cancel
from rentals.operations.errors import Refusal
from rentals.operations.purchase import abandon_purchase, put_away, request_reuse
from rentals.operations.sweep import sweep
from rentals.states import PurchaseState
from sandbox import codes as sandbox_codes
from tests.rentals.properties import invariants
from tests.rentals.properties.faults import BUYING_FAULTS, FAULTS, LEASE_FAULTS
from tests.rentals.properties.world import (
    AREA,
    COUNTRY,
    SERVICES,
    TICK,
    World,
)

TEXTS = (
    "Your code is 048213",
    "G-771204 is your code",
    "<script>alert(1)</script>\u202e 4242",
    "048213",
)
MEANWHILE = (
    "the same again",
    "the same again",
    "claim runs out",
    "give up",
    "cancel",
    "sms",
    "poll",
    "decide",
)
A_MONTH = 31 * 24 * 3600
MONTHLY_LIMITS = (Decimal("0.50"), Decimal("1.50"), Decimal("5.00"))
MOODS = ("revoked", "not activated", "few slots", "blocked", "poor")


class Deeds:
    """Everything that a step may do to a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    # Buyers

    def press_buy(self, customer: int, offer: int, reusable: bool, dies: int | None) -> None:
        world = self.world
        world.dying(
            dies,
            lambda: world.ask(
                world.customers[customer], world.offers[offer], reusable_only=reusable
            ),
        )

    def buy_in_trouble(
        self, customer: int, fault: tuple[str, dict[str, Any]], dies: int | None
    ) -> None:
        """The very call that buys goes wrong, or the worker dies around it."""
        kind, options = fault
        self.world.sandbox.fault("get/number", kind, **options)
        self.press_buy(customer, 0, False, None)
        self.world.dying(dies, self.world.worker.work)

    def press_the_same_button_again(self, pick: int, other_price: bool) -> None:
        """I10: a repeated key changes nothing, whatever became of the purchase meanwhile."""
        world = self.world
        purchase = world.pick(pick)
        if purchase is None or purchase.kind == "reuse" or purchase.instead_of_id:
            return
        before = self._everything()
        try:
            again = self._press_again(purchase, purchase.quoted + (1 if other_price else 0))
        except Refusal:
            assert other_price, "I10: the same form is refused"
        else:
            assert again.pk == purchase.pk, "I10: the same key gave another purchase"
        assert self._everything() == before, "I10: a repeated key has changed something"

    def _press_again(self, purchase: Purchase, quoted: Decimal) -> Purchase:
        world, customer = self.world, self.world.customer_of(purchase)
        wish: dict[str, Any] = {"quoted": quoted, "client_key": purchase.client_key}
        if purchase.renews is not None:
            return world.ask_for_renewal(purchase.renews, purchase.months or 0, **wish)
        if purchase.is_of_lease:
            return world.ask_for_lease(customer, purchase.months or 0, **wish)
        offer = next(o for o in world.offers if o.service_id == purchase.service_id)
        return world.ask(customer, offer, **wish, reusable_only=purchase.reusable_only)

    def _everything(self) -> list[Any]:
        return [
            (purchase.pk, purchase.state, purchase.entries.count(), purchase.events.count())
            for purchase in self.world.purchases()
        ]

    def use_a_number_again(self, pick: int, dies: int | None) -> None:
        number = self.world.pick_number(pick)
        if number is None:
            return
        buyer, price = self.world.customer_of(number.purchase).buyer, number.purchase.quoted
        self.world.dying(
            dies,
            lambda: request_reuse(
                activation=number, buyer=buyer, quoted=price, client_key=uuid.uuid4()
            ),
        )

    def press_lease(self, customer: int, months: int, dies: int | None) -> None:
        world = self.world
        world.dying(dies, lambda: world.ask_for_lease(world.customers[customer], months))

    def lease_in_trouble(
        self, customer: int, fault: tuple[str, dict[str, Any]], dies: int | None
    ) -> None:
        """The very call that leases goes wrong, or the worker dies around it."""
        kind, options = fault
        self.world.sandbox.fault("rent/get/number", kind, **options)
        self.press_lease(customer, 1, None)
        self.world.dying(dies, self.world.worker.work)

    def renew(self, pick: int, months: int, dies: int | None) -> None:
        lease = self.world.pick_lease(pick)
        if lease is not None:
            self.world.dying(dies, lambda: self.world.ask_for_renewal(lease, months))

    def give_lease_back(self, pick: int, dies: int | None) -> None:
        lease = self.world.pick_lease(pick)
        if lease is not None:
            buyer = self.world.customer_of(lease.purchase).buyer
            self.world.dying(dies, lambda: leases.request_cancel(lease=lease, actor=buyer))

    def limits_are_set(self, per_month: Decimal, open_at_once: int) -> None:
        """Also below what is used already."""
        self.world.set_limits(per_month=per_month, open_at_once=open_at_once)

    def give_up(self, pick: int, dies: int | None) -> None:
        purchase = self.world.pick(pick)
        if purchase is not None:
            buyer = self.world.customer_of(purchase).buyer
            self.world.dying(dies, lambda: abandon_purchase(purchase=purchase, actor=buyer))

    def cancel(self, pick: int, dies: int | None) -> None:
        number = self.world.pick_number(pick)
        if number is not None:
            buyer = self.world.customer_of(number.purchase).buyer
            self.world.dying(dies, lambda: request_cancel(activation=number, actor=buyer))

    def take_off_the_board(self, pick: int) -> None:
        purchase = self.world.pick(pick)
        if purchase is not None:
            put_away(purchase=purchase)

    def person_decides(self, pick: int, give_up: bool) -> None:
        unknown = [p for p in self.world.purchases() if p.state == PurchaseState.UNKNOWN]
        if unknown:
            self.world.decide(unknown[pick % len(unknown)], give_up=give_up)

    # The site's processes

    def worker_takes_one_task(self, dies: int | None) -> None:
        self.world.dying(dies, lambda: self.world.worker.work(1))

    def workers_take_all_tasks(self) -> None:
        self.world.worker.work()

    def buy_slowly(self, customer: int, calls: int, meanwhile: str) -> None:
        """Something else happens between two calls of the worker that buys, or before it reads."""
        self.world.worker.work()  # what is before it in the queue
        self.press_buy(customer, 0, False, None)
        self.worker_is_slow(calls, meanwhile)

    def worker_is_slow(self, calls: int, meanwhile: str) -> None:
        """The same with whatever task comes next."""
        task = self.world.worker.take()
        if task is None:
            return
        points = self.world.points
        points.calls = calls
        points.meanwhile = lambda long: self._meanwhile(meanwhile, task, long)
        try:
            self.world.worker.run(*task)
        finally:
            points.forget()

    def _meanwhile(self, what: str, task: tuple[str, list[Any]], long: bool) -> None:
        world, newest, number = self.world, self.world.pick(0), self.world.pick_number(0)
        if long and what in ("claim runs out", "decide"):
            world.pass_time(settings.PURCHASE_CLAIM_SECONDS + 1)
        if what == "the same again":
            world.worker.run(*task)
        elif what == "claim runs out":
            sweep()
        elif what == "give up" and newest is not None:
            abandon_purchase(purchase=newest, actor=newest.buyer)
        elif what == "cancel" and number is not None:
            request_cancel(activation=number, actor=number.purchase.buyer)
        elif what == "sms":
            self.sms_comes(pick=0, text=TEXTS[0])
        elif what == "poll":
            world.poller.round()
        elif what == "decide":
            sweep()
            for purchase in world.purchases():
                world.decide(purchase)

    def a_task_is_delivered_again(self, pick: int) -> None:
        done = self.world.worker.done
        if done:
            self.world.worker.run(*done[-1 - pick % len(done)])

    def poller_asks(self, dies: int | None) -> None:
        self.world.dying(dies, self.world.poller.round)

    def poller_is_started_again(self) -> None:
        self.world.poller.stop()

    def beat_sweeps(self, dies: int | None) -> None:
        self.world.dying(dies, sweep)
        if dies is None:
            invariants.nothing_is_stuck_in_sending(self.world)

    def beat_has_leases_read(self, dies: int | None) -> None:
        self.world.have_leases_read()
        self.world.dying(dies, self.world.worker.work)

    def redis_is_flushed(self) -> None:
        self.world.worker.redis.flushall()

    # Time

    def time_passes(self, ticks: int) -> None:
        self.world.live(ticks * TICK)
        invariants.nothing_is_stuck_in_sending(self.world)

    def the_site_is_down(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    # The provider

    def sms_comes(self, pick: int, text: str) -> None:
        requests = list(self.world.sandbox.list_requests())
        if requests:
            self.world.receive(requests[pick % len(requests)]["request_id"], text)

    def sms_comes_on_a_lease(self, pick: int, text: str) -> None:
        held = self.world.sandbox.list_leases()
        if held:
            self.world.receive_on_lease(held[pick % len(held)], text)

    def somebody_cancels_at_the_provider(self, pick: int) -> None:
        """An order of ours is undone on the provider's own site."""
        lease = self.world.pick_lease(pick)
        if lease is not None:
            provider, customer = self.world.sandbox.world, self.world.customer_of(lease.purchase)
            with contextlib.suppress(sandbox_codes.Refusal), provider.turn() as now:
                account = provider.account(customer.token)
                provider.leases.cancel(account, lease.purchase.order_id, now=now)

    def a_call_will_go_wrong(self, fault: tuple[str, str, dict[str, Any]]) -> None:
        call, kind, options = fault
        self.world.sandbox.fault(call, kind, **options)

    def the_provider_turns_on_an_account(self, customer: int, mood: str) -> None:
        sandbox, token = self.world.sandbox, self.world.customers[customer].token
        if mood == "revoked":
            sandbox.update_account(token, revoked=True)
        elif mood == "not activated":
            sandbox.update_account(token, activated=False)
        elif mood == "few slots":
            sandbox.update_account(token, waiting_limit=1)
        elif mood == "blocked":
            sandbox.block(token, SERVICES[0], hours=1)
        else:
            balance = sandbox.world.account(token).balance
            sandbox.top_up(token, -balance if balance > 1 else 50)

    def a_price_changes(self, service: int, cost: str) -> None:
        self.world.sandbox.set_price(COUNTRY, service, cost=cost)

    def numbers_run_out(self, service: int) -> None:
        self.world.sandbox.set_price(COUNTRY, service, stock=0)

    def an_area_changes(self, cents: int, stock: int) -> None:
        self.world.sandbox.set_area(AREA, unit_price=cents, stock=stock)

    def the_wire_is_unplugged(self) -> None:
        self.world.points.unplugged = True

    def all_is_well_again(self) -> None:
        self.world.appease_provider()
        self.world.check_accounts()


def deed(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A deed by its method's name, with its arguments."""
    return st.tuples(st.just(name), *arguments)


picks = st.integers(0, 7)
customers = st.integers(0, 1)
calls = st.integers(0, 6)
slow = st.tuples(customers, calls, st.sampled_from(MEANWHILE))
months = st.integers(1, 2)
deaths = st.none() | st.integers(0, 9)  # after so many steps; None lives
texts = st.sampled_from(TEXTS)

# What is here twice is twice as likely; the first is what hypothesis begins with and shrinks to.
DEEDS = st.one_of(
    deed("redis_is_flushed"),
    deed("press_buy", customers, customers, st.booleans(), deaths),
    deed("press_buy", customers, customers, st.just(False), st.none()),
    deed("buy_in_trouble", customers, st.sampled_from(BUYING_FAULTS), st.none()),
    deed("buy_in_trouble", customers, st.sampled_from(BUYING_FAULTS), st.integers(0, 25)),
    deed("press_the_same_button_again", picks, st.booleans()),
    deed("use_a_number_again", picks, deaths),
    deed("press_lease", customers, months, deaths),
    deed("press_lease", st.just(1), months, st.none()),
    deed("lease_in_trouble", customers, st.sampled_from(LEASE_FAULTS), st.none()),
    deed("lease_in_trouble", st.just(1), st.sampled_from(LEASE_FAULTS), st.integers(0, 25)),
    deed("renew", picks, months, deaths),
    deed("renew", picks, months, st.none()),
    deed("give_lease_back", picks, deaths),
    deed("limits_are_set", st.sampled_from(MONTHLY_LIMITS), st.sampled_from([1, 6, 20])),
    deed("give_up", picks, deaths),
    deed("cancel", picks, deaths),
    deed("take_off_the_board", picks),
    deed("person_decides", picks, st.booleans()),
    deed("worker_takes_one_task", deaths),
    deed("worker_takes_one_task", deaths),
    deed("workers_take_all_tasks"),
    deed("worker_is_slow", calls, st.sampled_from(MEANWHILE)),
    deed("buy_slowly", customers, calls, st.sampled_from(MEANWHILE)),
    deed("buy_slowly", customers, calls, st.sampled_from(MEANWHILE)),
    deed("a_task_is_delivered_again", picks),
    deed("poller_asks", deaths),
    deed("poller_is_started_again"),
    deed("beat_sweeps", deaths),
    deed("beat_has_leases_read", deaths),
    deed("time_passes", st.integers(1, 5)),
    deed("the_site_is_down", st.sampled_from([1, 20, 61, 130, 600, 1201, A_MONTH])),
    deed("sms_comes_on_a_lease", picks, texts),
    deed("somebody_cancels_at_the_provider", picks),
    deed("sms_comes", picks, texts),
    deed("sms_comes", picks, texts),
    deed("a_call_will_go_wrong", st.sampled_from(FAULTS)),
    deed("a_call_will_go_wrong", st.sampled_from(FAULTS)),
    deed("the_provider_turns_on_an_account", customers, st.sampled_from(MOODS)),
    deed("a_price_changes", st.sampled_from(SERVICES), st.sampled_from(["0.14", "0.10", "0.20"])),
    deed("numbers_run_out", st.sampled_from(SERVICES)),
    deed("an_area_changes", st.sampled_from([50, 40, 60]), st.sampled_from([50, 50, 0])),
    deed("the_wire_is_unplugged"),
    deed("all_is_well_again"),
)
