"""The rules of the rent service: one number, all services, many SMS, months."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.books import Account, Entry, dollars
from sandbox.catalogue import Area
from sandbox.clock import DAY, MINUTE, MONTH
from sandbox.codes import (
    CANCELLED_TOO_OFTEN,
    LEASE_NOT_FOUND,
    LEASE_RELEASED,
    LEASE_TOO_SHORT,
    NO_SUCH_AREA,
    NOT_ENOUGH_NUMBERS,
    ORDER_CLOSED,
    SMS_RECEIVED,
    Refusal,
)
from sandbox.numbering import make_national_number
from sandbox.store import Store
from sandbox.texts import write_text

if TYPE_CHECKING:
    from sandbox.world import World

CANCEL_WITHIN = 20 * MINUTE
CANCEL_TIMES = 3
GRACE = 7 * DAY
DEMO_PACE = 10  # a leased number waits this many times longer for its first demo SMS
FIRST_ORDER = 2_667_702_625_210_000_003

HELD, OVER = "held", "over"
COMPLETED, CANCEL = "COMPLETED", "CANCEL"


@dataclass
class AreaState:
    """An area as it stands. ``freed`` are numbers that were leased before: they go out first."""

    code: str
    title: str
    unit_price: int
    min_month: int
    stock: int
    freed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, area: Area) -> "AreaState":
        return cls(area.code, area.title, area.unit_price, area.min_month, area.stock)


@dataclass
class Lease:
    """One number in one account's hands; ``messages`` are ``[text, moment]``, oldest first."""

    id: str
    account: int
    area_code: str
    mobile_number: str
    first_seen_at: float
    expire_at: float
    keep_at: float
    link: str
    auto_renew: bool = False
    allow_link: bool = False
    state: str = HELD
    sms_due: float | None = None
    messages: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class Order:
    """One payment for a lease. ``kind`` is ``lease`` or ``renewal``; ``amount`` is US cents."""

    id: str
    account: int
    lease: str
    kind: str
    area_code: str
    mobile_number: str
    months: int
    amount: int
    order_at: float
    begin_at: float
    expire_at: float
    keep_at: float
    status: str = COMPLETED
    withheld: bool = False


class Leases:
    """Every method expects to be called within ``world.turn()`` unless it says otherwise."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.areas = {code: AreaState.of(area) for code, area in world.catalogue.areas.items()}
        self._leases: dict[str, Lease] = {}
        self._newest: dict[tuple[int, str, str], Lease] = {}
        self._orders: dict[str, Order] = {}
        self._numbers: set[tuple[str, str]] = set()

    # What the API does

    def lease(self, account: Account, area_code: str, months: int, *, now: float) -> Order:
        """Lease a number, paid at once. Refuses with 50208, 50401, 50402, 50004, 50201."""
        self._world.require_active(account)
        area = self._area(area_code)
        self._require_enough_months(area, months)
        if area.stock <= 0:
            raise Refusal(NOT_ENOUGH_NUMBERS)
        account.pay(_price(area, months))
        lease = self._hand_out(account, area, now)
        return self._order(account, lease, area, months, kind="lease", now=now)

    def renew(
        self, account: Account, area_code: str, number: str, months: int, *, now: float
    ) -> Order:
        """Prolong from ``expire_at``. Refuses with 50401, 50402, 50404, 50201."""
        area = self._area(area_code)
        self._require_enough_months(area, months)
        lease = self._newest.get((account.index, area_code, number))
        if lease is None or lease.state != HELD:
            raise Refusal(LEASE_RELEASED)
        account.pay(_price(area, months))
        return self._order(account, lease, area, months, kind="renewal", now=now)

    def cancel(self, account: Account, order_id: str, *, now: float) -> None:
        """Undo the newest order of a lease. Refuses with 50005 (not ours, cancelled, followed by
        another order, or over 20 minutes old), 50403, 50405."""
        order = self._orders.get(order_id)
        if order is None or order.account != account.index or order.status != COMPLETED:
            raise Refusal(ORDER_CLOSED)
        lease = self._leases[order.lease]
        if lease.state != HELD or self._orders_of(lease)[-1] is not order:
            raise Refusal(ORDER_CLOSED)
        if now >= order.order_at + CANCEL_WITHIN:
            raise Refusal(ORDER_CLOSED)
        if lease.messages:
            raise Refusal(SMS_RECEIVED)
        if self._times_cancelled(account, lease) >= CANCEL_TIMES:
            raise Refusal(CANCELLED_TOO_OFTEN)
        self._undo(account, order, lease, now)

    def find(self, account: Account, area_code: str, number: str) -> Lease:
        """A number this account holds. Refuses with 404."""
        lease = self._newest.get((account.index, area_code, number))
        if lease is None or lease.state != HELD:
            raise Refusal(LEASE_NOT_FOUND)
        return lease

    def change_link(self, account: Account, area_code: str, number: str, status: bool) -> bool:
        lease = self.find(account, area_code, number)
        lease.allow_link = status
        self._touch(lease)
        return lease.allow_link

    def numbers_of(self, account: Account, *, only_active: bool, now: float) -> list[Lease]:
        """Each number once, newest first; ``only_active`` leaves out what has expired."""
        found = [lease for lease in self._newest.values() if lease.account == account.index]
        if only_active:
            found = [lease for lease in found if lease.state == HELD and now < lease.expire_at]
        return found[::-1]

    def orders_of(self, account: Account) -> list[Order]:
        """Newest first."""
        return [order for order in self._orders.values() if order.account == account.index][::-1]

    # What happens outside of the API

    def deliver(self, mobile_number: str, text: str) -> bool:
        """An SMS arrives (call outside of a turn). False when nobody leases the number now.
        Raises ``KeyError`` for a number that was never leased."""
        with self._world.turn() as now:
            if not any(number == mobile_number for _, number in self._numbers):
                raise KeyError("no such leased number")
            for lease in reversed(self._leases.values()):
                if lease.mobile_number == mobile_number and lease.state == HELD:
                    return self._receive(lease, text, now)
            return False

    def set_area(
        self,
        area_code: str,
        unit_price: int | None = None,
        min_month: int | None = None,
        stock: int | None = None,
    ) -> None:
        """Change an area (call outside of a turn). Raises ``KeyError`` for an unknown one."""
        with self._world.turn():
            area = self.areas[area_code]
            area.unit_price = area.unit_price if unit_price is None else int(unit_price)
            area.min_month = area.min_month if min_month is None else int(min_month)
            area.stock = area.stock if stock is None else max(0, int(stock))
            self._world.touch("area", area.code, area)

    def set_auto_renew(self, mobile_number: str, auto_renew: bool = True) -> None:
        """What a person does on the provider's site: the API cannot (call outside of a turn)."""
        with self._world.turn():
            for lease in self.held():
                if lease.mobile_number == mobile_number:
                    lease.auto_renew = auto_renew
                    self._touch(lease)
                    return
            raise KeyError("no such leased number")

    def shared(self, link: str) -> Lease | None:
        """The lease whose public link this is, if its holder allows it."""
        for lease in self._leases.values():
            if lease.link == link and lease.allow_link and lease.state == HELD:
                return lease
        return None

    def held(self) -> list[Lease]:
        """Every number in someone's hands, newest first."""
        return [lease for lease in self._leases.values() if lease.state == HELD][::-1]

    def entries(self, account: Account) -> Iterator[Entry]:
        for order in self._orders.values():
            if order.account == account.index:
                state = "charged" if order.status == COMPLETED else "refunded"
                yield Entry(
                    id=order.id,
                    kind=order.kind,
                    amount=_dollars(order.amount),
                    state="withheld" if order.withheld else state,
                    number=order.mobile_number,
                    refer_id=None,
                    at=order.order_at,
                )

    def load(self, store: Store) -> None:
        for code, body in store.load("area").items():
            self.areas[code] = AreaState(**body)
        leases = [Lease(**body) for body in store.load("lease").values()]
        for lease in sorted(leases, key=lambda lease: int(lease.id)):
            lease.messages = [(text, at) for text, at in lease.messages]
            self._enter(lease)
            self._schedule(lease)
        orders = [Order(**body) for body in store.load("order").values()]
        for order in sorted(orders, key=lambda order: int(order.id)):
            self._orders[order.id] = order

    # Inside

    def _area(self, area_code: str) -> AreaState:
        if area_code not in self.areas:
            raise Refusal(NO_SUCH_AREA)
        return self.areas[area_code]

    def _require_enough_months(self, area: AreaState, months: int) -> None:
        if months < max(1, area.min_month):
            raise Refusal(LEASE_TOO_SHORT)

    def _hand_out(self, account: Account, area: AreaState, now: float) -> Lease:
        area.stock -= 1
        self._world.touch("area", area.code, area)
        number = area.freed.pop() if area.freed else self._make_number(area.code)
        before = self._newest.get((account.index, area.code, number))
        serial = self._world.count("lease")
        lease = Lease(
            id=str(serial),
            account=account.index,
            area_code=area.code,
            mobile_number=number,
            first_seen_at=before.first_seen_at if before else now,
            expire_at=now,
            keep_at=now + GRACE,
            link=f"{self._world.chance('link', serial).getrandbits(96):024x}",
        )
        if self._world.demo_seconds is not None:
            lease.sms_due = now + DEMO_PACE * self._world.demo_seconds
        self._enter(lease)
        return lease

    def _enter(self, lease: Lease) -> None:
        self._leases[lease.id] = lease
        key = (lease.account, lease.area_code, lease.mobile_number)
        self._newest.pop(key, None)  # so that the order of the dict is the order of leasing
        self._newest[key] = lease
        self._numbers.add((lease.area_code, lease.mobile_number))
        if lease.state == HELD and lease.sms_due is not None:
            self._world.schedule(lease.sms_due, self._receive_demo_sms, lease.id)

    def _schedule(self, lease: Lease) -> None:
        self._world.schedule(lease.expire_at, self._expire, lease.id)
        self._world.schedule(lease.keep_at, self._release, lease.id)

    def _order(
        self, account: Account, lease: Lease, area: AreaState, months: int, *, kind: str, now: float
    ) -> Order:
        begin_at = lease.expire_at
        lease.expire_at = begin_at + months * MONTH
        lease.keep_at = lease.expire_at + GRACE
        order = Order(
            id=str(FIRST_ORDER + self._world.count("order")),
            account=account.index,
            lease=lease.id,
            kind=kind,
            area_code=area.code,
            mobile_number=lease.mobile_number,
            months=months,
            amount=area.unit_price * months,
            order_at=now,
            begin_at=begin_at,
            expire_at=lease.expire_at,
            keep_at=lease.keep_at,
        )
        self._orders[order.id] = order
        self._schedule(lease)
        self._touch(lease)
        self._touch_order(account, order)
        return order

    def _undo(self, account: Account, order: Order, lease: Lease, now: float) -> None:
        order.status = CANCEL
        order.withheld = not self._world.refund_comes("rent/cancel/order")
        if not order.withheld:
            account.refund(_dollars(order.amount))
        if order.kind == "renewal":
            lease.expire_at = order.begin_at
            lease.keep_at = lease.expire_at + GRACE
            self._schedule(lease)
        else:
            lease.expire_at = lease.keep_at = now
            self._give_back(lease)
        self._touch(lease)
        self._touch_order(account, order)

    def _give_back(self, lease: Lease) -> None:
        lease.state = OVER
        area = self.areas[lease.area_code]
        area.stock += 1
        area.freed.append(lease.mobile_number)
        self._world.touch("area", area.code, area)
        self._touch(lease)

    def _orders_of(self, lease: Lease) -> list[Order]:
        orders = self._orders.values()
        return [o for o in orders if o.lease == lease.id and o.status == COMPLETED]

    def _times_cancelled(self, account: Account, lease: Lease) -> int:
        key = (account.index, lease.area_code, lease.mobile_number, CANCEL)
        orders = self._orders.values()
        return sum((o.account, o.area_code, o.mobile_number, o.status) == key for o in orders)

    def _receive(self, lease: Lease, text: str, now: float) -> bool:
        if now >= lease.expire_at:
            return False
        lease.messages.append((text, now))
        self._touch(lease)
        return True

    def _receive_demo_sms(self, lease_id: str, due: float) -> None:
        lease = self._leases[lease_id]
        if lease.state == HELD and not lease.messages:
            chance = self._world.chance("lease sms", lease_id)
            services = list(self._world.catalogue.services.values())
            self._receive(lease, write_text(chance.choice(services[:12]), chance), due)

    def _expire(self, lease_id: str, due: float) -> None:
        """A lease that renews itself does so now, for the shortest time, if there is money."""
        lease = self._leases[lease_id]
        if lease.state != HELD or due != lease.expire_at or not lease.auto_renew:
            return
        account = self._world.accounts[lease.account]
        area = self.areas[lease.area_code]
        if account.balance >= _price(area, area.min_month):
            account.pay(_price(area, area.min_month))
            self._order(account, lease, area, area.min_month, kind="renewal", now=due)

    def _release(self, lease_id: str, due: float) -> None:
        lease = self._leases[lease_id]
        if lease.state == HELD and due == lease.keep_at:
            self._give_back(lease)

    def _touch(self, lease: Lease) -> None:
        self._world.touch("lease", lease.id, lease)

    def _touch_order(self, account: Account, order: Order) -> None:
        self._world.touch("order", order.id, order)
        self._world.touch_account(account)

    def _make_number(self, area_code: str) -> str:
        while True:
            chance = self._world.chance("lease number", self._world.count("lease number"))
            number = make_national_number(area_code.lower(), chance)
            if (area_code, number) not in self._numbers:
                return number


def _dollars(cents: int) -> Decimal:
    return dollars(Decimal(cents) / 100)


def _price(area: AreaState, months: int) -> Decimal:
    return _dollars(area.unit_price * months)
