"""The strings behind the stage: what a test, a script or a person can make happen.

The same operations serve Python (``Sandbox`` inherits them) and HTTP (``panel``). All are
thread-safe.
"""

from decimal import Decimal
from typing import Any

from sandbox.books import Account, Entry
from sandbox.catalogue import Offer
from sandbox.faults import Applied, Faults
from sandbox.service import Call, Service
from sandbox.world import World

ENDLESSLY = 10**9


class Control:
    """Needs ``world``, ``faults`` and ``service``. An unknown token, request, number or area raises
    ``KeyError``; a value that makes no sense raises ``ValueError``."""

    world: World
    faults: Faults
    service: Service

    # Customers

    def add_account(
        self,
        token: str,
        balance: Decimal | str | int = Decimal(10),
        *,
        activated: bool = True,
        waiting_limit: int = 10,
    ) -> Account:
        """A new customer with ``balance`` dollars, who may have ``waiting_limit`` open requests."""
        return self.world.add_account(
            token, balance, activated=activated, waiting_limit=waiting_limit
        )

    def update_account(
        self,
        token: str,
        *,
        activated: bool | None = None,
        revoked: bool | None = None,
        waiting_limit: int | None = None,
    ) -> None:
        """Change what is given; ``revoked`` makes the token a wrong one."""
        self.world.update_account(
            token, activated=activated, revoked=revoked, waiting_limit=waiting_limit
        )

    def top_up(self, token: str, amount: Decimal | str | int) -> None:
        """Add dollars to the balance; a negative amount takes them away."""
        self.world.top_up(token, amount)

    def block(self, token: str, project_id: int, hours: float = 24) -> float:
        """Block the account from a service (50214); returns when it ends, in epoch seconds."""
        return self.world.block(token, project_id, hours)

    def books(self, token: str) -> list[Entry]:
        """What the account was sold, and what became of the money, oldest first."""
        return self.world.books(token)

    # SMS and time

    def deliver(self, request_id: str | int, text: str) -> bool:
        """An SMS for an open request. False if its number was given up already."""
        return self.world.activations.deliver(str(request_id), text)

    def deliver_lease(self, mobile_number: str, text: str) -> bool:
        """An SMS for a leased number (without dialling code). False if nobody leases it now."""
        return self.world.leases.deliver(mobile_number, text)

    def advance(self, seconds: float) -> None:
        """Move the sandbox clock forward: all that falls due in between happens."""
        self.world.advance(seconds)

    # Goods

    def set_price(
        self,
        country_id: int,
        project_id: int,
        cost: Decimal | str | int | None = None,
        stock: int | None = None,
        reusable: bool | None = None,
    ) -> Offer:
        """Change what is given of an offer; makes one where there was none."""
        return self.world.set_price(country_id, project_id, cost, stock, reusable)

    def set_area(
        self,
        area_code: str,
        unit_price: int | None = None,
        min_month: int | None = None,
        stock: int | None = None,
    ) -> None:
        """Change what is given of a lease area; ``unit_price`` is cents a month."""
        self.world.leases.set_area(area_code, unit_price, min_month, stock)

    def set_auto_renew(self, mobile_number: str, auto_renew: bool = True) -> None:
        """What a customer does on the provider's site; the API has no call for it."""
        self.world.leases.set_auto_renew(mobile_number, auto_renew)

    # Trouble

    def fault(
        self,
        call: str,
        kind: str,
        times: int | None = 1,
        *,
        applied: Applied | None = None,
        **options: Any,
    ) -> None:
        """The next ``times`` calls (``None``: all) go wrong: the kinds are in ``faults.KINDS``.

        ``no_refund`` is one more kind, for ``cancel``, ``expire`` and ``rent/cancel/order``. Faults
        of one call strike in the order they were asked for.
        """
        if kind == "no_refund":
            self.world.withhold_refunds(call, ENDLESSLY if times is None else times)
        else:
            self.faults.add(call, kind, times, applied=applied, **options)

    def clear_faults(self) -> None:
        self.faults.clear()
        self.world.grant_refunds()

    # Looking

    @property
    def calls(self) -> list[Call]:
        """Every call received, oldest first (the newest 50,000)."""
        return list(self.service.log)

    def list_accounts(self) -> list[dict[str, Any]]:
        """All accounts without their tokens."""
        with self.world.turn():
            return [
                {
                    "index": account.index,
                    "balance": str(account.balance),
                    "frozen": str(account.frozen),
                    "paid": str(account.paid),
                    "activated": account.activated,
                    "revoked": account.revoked,
                    "waiting_limit": account.waiting_limit,
                }
                for account in self.world.accounts
            ]

    def list_requests(self) -> list[dict[str, Any]]:
        """The requests that can still receive an SMS, newest first."""
        with self.world.turn():
            countries, services = self.world.catalogue.countries, self.world.catalogue.services
            return [
                {
                    "request_id": request.id,
                    "account": request.account,
                    "number": request.number,
                    "country": countries[request.country_id].title,
                    "service": services[request.project_id].title,
                    "state": request.state,
                    "expires_at": self.world.clock.iso(request.expires_at),
                    "texts": list(request.texts),
                }
                for request in self.world.activations.open_requests()
            ]

    def list_leases(self) -> list[dict[str, Any]]:
        """The numbers that are leased now, newest first."""
        with self.world.turn():
            return [
                {
                    "account": lease.account,
                    "area_code": lease.area_code,
                    "mobile_number": lease.mobile_number,
                    "expire_at": self.world.clock.iso(lease.expire_at),
                    "keep_at": self.world.clock.iso(lease.keep_at),
                    "messages": [text for text, _ in lease.messages],
                }
                for lease in self.world.leases.held()
            ]
