"""The provider's world: accounts, stock, numbers, time. No HTTP here.

Everything that happens, happens in a *turn*: under the one lock, after all that fell due before it
(an SMS of demo mode, an expiry) has happened in the order of its time, and written to the store
before the turn ends. So an SMS and a cancel at the same moment have an order, whoever comes first,
and a balance that is read is never behind the clock.
"""

import heapq
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

from sandbox.activations import Activations
from sandbox.books import Account, Entry, dollars
from sandbox.catalogue import Offer, load_catalogue
from sandbox.clock import HOUR, Clock
from sandbox.codes import NOT_ACTIVATED, WRONG_TOKEN, Refusal
from sandbox.leases import Leases
from sandbox.store import Store

SMALL, LONG = "small", "long"
FIRST_ID = 124
LONG_PREFIX = 266_770_262_521 * 10**9  # 21 digits: beyond 64 bits, as seen on the wire


class World:
    """State and rules. ``activations`` and ``leases`` hold the rules of the two services.

    ``ids`` is ``small`` (124, 125, ...) or ``long`` (21 digits). With ``demo_seconds`` every number
    sold gets an SMS by itself, after about that time. With a ``store`` the world continues where
    it was left; raises ``ValueError`` when the store holds a world of another seed or id form.
    """

    def __init__(
        self,
        seed: int = 1,
        ids: str = SMALL,
        demo_seconds: float | None = None,
        store: Store | None = None,
    ) -> None:
        if ids not in (SMALL, LONG):
            raise ValueError(f"ids is {SMALL!r} or {LONG!r}, not {ids!r}")
        self.seed = seed
        self.ids = ids
        self.demo_seconds = demo_seconds
        self.lock = threading.RLock()
        self.clock = Clock()
        self.catalogue = load_catalogue(seed)
        self.accounts: list[Account] = []
        self._by_token: dict[str, Account] = {}
        self._changed_offers: dict[tuple[int, int], Offer] = {}
        self._withheld: Counter[str] = Counter()
        self._counters: Counter[str] = Counter()
        self._agenda: list[tuple[float, int, Callable[[str, float], None], str]] = []
        self._agenda_entries = 0
        self._dirty: dict[tuple[str, str], object] = {}
        self._dirty_self = False
        self._store = store
        self.activations = Activations(self)
        self.leases = Leases(self)
        if store is not None:
            self._load(store)

    # Time and turns

    @contextmanager
    def turn(self) -> Iterator[float]:
        """One indivisible step; yields the moment it happens at."""
        with self.lock:
            now = self.clock.now()
            self._settle(now)
            try:
                yield now
            finally:
                if self._dirty or self._dirty_self:
                    self._save()

    def schedule(self, due: float, action: Callable[[str, float], None], key: str) -> None:
        """Call ``action(key, due)`` once the clock has reached ``due``. Actions check that they
        still apply: nothing is ever taken off the agenda."""
        self._agenda_entries += 1
        heapq.heappush(self._agenda, (due, self._agenda_entries, action, key))

    def advance(self, seconds: float) -> None:
        with self.lock:
            self.clock.advance(seconds)
            self._dirty_self = True
            with self.turn():
                pass

    def _settle(self, now: float) -> None:
        while self._agenda and self._agenda[0][0] <= now:
            due, _, action, key = heapq.heappop(self._agenda)
            action(key, due)

    # Ids and chance

    def count(self, name: str) -> int:
        """The next number of a series that survives a restart: 0, 1, 2 ..."""
        value = self._counters[name]
        self._counters[name] += 1
        self._dirty_self = True
        return value

    def next_request_id(self) -> str:
        number = FIRST_ID + self.count("request")
        return str(number if self.ids == SMALL else LONG_PREFIX + number)

    def chance(self, purpose: str, *key: object) -> random.Random:
        """Randomness that depends on the seed and the key alone, not on what came before."""
        return random.Random(" ".join(map(str, (self.seed, purpose, *key))))

    # Accounts

    def authenticate(self, token: str | None, code: int = WRONG_TOKEN) -> Account:
        """The account of a token; refuses with ``code`` (``reuse`` has its own)."""
        account = self._by_token.get(token or "")
        if account is None or account.revoked:
            raise Refusal(code)
        return account

    def index_of(self, token: str | None) -> int | None:
        """Whose token this is, for logs; ``None`` for nobody's."""
        account = self._by_token.get(token or "")
        return None if account is None else account.index

    def require_active(self, account: Account) -> None:
        if not account.activated:
            raise Refusal(NOT_ACTIVATED)

    def add_account(
        self,
        token: str,
        balance: Decimal | str | int = Decimal(10),
        *,
        activated: bool = True,
        waiting_limit: int = 10,
    ) -> Account:
        """A new customer. Raises ``ValueError`` when the token is empty or taken."""
        amount = dollars(balance)
        with self.turn():
            if not token or token in self._by_token:
                raise ValueError("the token is empty or taken")
            account = Account(
                len(self.accounts), token, activated=activated, waiting_limit=waiting_limit
            )
            account.deposit(amount)
            self._enter(account)
            self.touch_account(account)
            return account

    def account(self, token: str) -> Account:
        """Raises ``KeyError`` (without the token) when there is none."""
        try:
            return self._by_token[token]
        except KeyError:
            raise KeyError("no account has this token") from None

    def update_account(
        self,
        token: str,
        *,
        activated: bool | None = None,
        revoked: bool | None = None,
        waiting_limit: int | None = None,
    ) -> None:
        """Change what is given. A revoked token is a wrong token from now on."""
        with self.turn():
            account = self.account(token)
            if activated is not None:
                account.activated = activated
            if revoked is not None:
                account.revoked = revoked
            if waiting_limit is not None:
                account.waiting_limit = waiting_limit
            self.touch_account(account)

    def top_up(self, token: str, amount: Decimal | str | int) -> None:
        """Add dollars; a negative amount takes them away."""
        with self.turn():
            account = self.account(token)
            account.deposit(dollars(amount))
            self.touch_account(account)

    def block(self, token: str, project_id: int, hours: float = 24) -> float:
        """Block the account from a service (50214); returns the moment the block ends."""
        with self.turn() as now:
            account = self.account(token)
            account.blocks[int(project_id)] = now + hours * HOUR
            self.touch_account(account)
            return account.blocks[int(project_id)]

    def books(self, token: str) -> list[Entry]:
        """Everything this account was ever sold, oldest first."""
        with self.turn():
            account = self.account(token)
            entries = [*self.activations.entries(account), *self.leases.entries(account)]
            return sorted(entries, key=lambda entry: entry.at)

    # Stock and prices

    def offer(self, country_id: int, project_id: int) -> Offer | None:
        key = (country_id, project_id)
        return self._changed_offers.get(key) or self.catalogue.offers.get(key)

    def offers_of(self, country_id: int) -> list[Offer]:
        projects = self.catalogue.services
        found = (self.offer(country_id, project_id) for project_id in projects)
        return [offer for offer in found if offer is not None]

    def set_price(
        self,
        country_id: int,
        project_id: int,
        cost: Decimal | str | int | None = None,
        stock: int | None = None,
        reusable: bool | None = None,
    ) -> Offer:
        """Change an offer, or make one. Raises ``KeyError`` for an unknown country or service."""
        key = (int(country_id), int(project_id))
        with self.turn():
            if key[0] not in self.catalogue.countries or key[1] not in self.catalogue.services:
                raise KeyError("no such country or service")
            offer = self.offer(*key) or Offer(*key, cost=dollars("0.50"), stock=100)
            if cost is not None:
                offer = replace(offer, cost=dollars(cost))
            if stock is not None:
                offer = replace(offer, stock=max(0, int(stock)))
            if reusable is not None:
                offer = replace(offer, reusable=reusable)
            self._change_offer(offer)
            return offer

    def move_stock(self, country_id: int, project_id: int, by: int) -> None:
        offer = self.offer(country_id, project_id)
        if offer is not None:
            self._change_offer(replace(offer, stock=max(0, offer.stock + by)))

    def _change_offer(self, offer: Offer) -> None:
        self._changed_offers[offer.country_id, offer.project_id] = offer
        self.touch("offer", f"{offer.country_id}/{offer.project_id}", _OfferRow(offer))

    # Refunds that never come

    def withhold_refunds(self, call: str, times: int = 1) -> None:
        """The next refunds of ``cancel``, ``expire`` or ``rent/cancel/order`` never come."""
        if call not in ("cancel", "expire", "rent/cancel/order"):
            raise ValueError(f"{call!r} refunds nothing")
        with self.lock:
            self._withheld[call] += times

    def refund_comes(self, call: str) -> bool:
        if self._withheld[call] <= 0:
            return True
        self._withheld[call] -= 1
        return False

    def grant_refunds(self) -> None:
        """Take back every ``withhold_refunds`` that has not struck yet."""
        with self.lock:
            self._withheld.clear()

    # Writing down

    def touch(self, kind: str, key: str, thing: object) -> None:
        """Have the turn write ``thing`` down when it ends: its attributes are its row."""
        self._dirty[kind, key] = thing

    def touch_account(self, account: Account) -> None:
        self.touch("account", str(account.index), account)

    def _enter(self, account: Account) -> None:
        self.accounts.append(account)
        self._by_token[account.token] = account

    def _save(self) -> None:
        dirty, self._dirty = self._dirty, {}
        self._dirty_self = False
        if self._store is None:
            return
        about = {
            "seed": self.seed,
            "ids": self.ids,
            "offset": self.clock.offset,
            "counters": self._counters,
        }
        things = [(kind, key, vars(thing)) for (kind, key), thing in dirty.items()]
        self._store.write([*things, ("world", "about", about)])

    def _load(self, store: Store) -> None:
        about = store.load("world").get("about")
        if about is None:
            self._save()
            return
        if (about["seed"], about["ids"]) != (self.seed, self.ids):
            raise ValueError(f"the state file is of seed {about['seed']}, ids {about['ids']}")
        self.clock.offset = about["offset"]
        self._counters.update(about["counters"])
        accounts = map(Account.from_json, store.load("account").values())
        for account in sorted(accounts, key=lambda account: account.index):
            self._enter(account)
        for body in store.load("offer").values():
            offer = Offer(**body | {"cost": Decimal(body["cost"])})
            self._changed_offers[offer.country_id, offer.project_id] = offer
        self.activations.load(store)
        self.leases.load(store)


class _OfferRow:
    """Offers are slotted and frozen: this is one as a row of the store."""

    def __init__(self, offer: Offer) -> None:
        self.country_id = offer.country_id
        self.project_id = offer.project_id
        self.cost = offer.cost
        self.stock = offer.stock
        self.reusable = offer.reusable
