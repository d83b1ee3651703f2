"""Accounts and their money: what is free, what is frozen, what was paid.

All amounts are US dollars as ``Decimal`` with four decimals. At any moment
``deposited == balance + frozen + paid``; the sandbox's own tests hold it.
"""

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from sandbox.codes import BALANCE_NOT_ENOUGH, Refusal

UNIT = Decimal("0.0001")
ZERO = Decimal("0.0000")


def dollars(amount: Decimal | str | int) -> Decimal:
    """An amount with four decimals. Raises ``ValueError`` for what is not a finite number."""
    try:
        value = Decimal(str(amount))
        if not value.is_finite():
            raise ValueError
        return value.quantize(UNIT)
    except (ArithmeticError, ValueError):
        raise ValueError(f"not an amount of money: {amount!r}") from None


@dataclass
class Account:
    """A customer. ``index`` names it where the token must not be shown.

    ``balance`` is what can be spent: money frozen for open requests has left it.
    ``blocks`` maps a service to the moment (seconds since the epoch) its block ends.
    """

    index: int
    token: str = field(repr=False)
    balance: Decimal = ZERO
    frozen: Decimal = ZERO
    paid: Decimal = ZERO
    deposited: Decimal = ZERO
    activated: bool = True
    revoked: bool = False
    waiting_limit: int = 10
    blocks: dict[int, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Account":
        for name in ("balance", "frozen", "paid", "deposited"):
            body[name] = Decimal(body[name])
        body["blocks"] = {int(project): until for project, until in body["blocks"].items()}
        return cls(**body)

    def deposit(self, amount: Decimal) -> None:
        self.deposited += amount
        self.balance += amount

    def freeze(self, amount: Decimal) -> None:
        """Put the price aside when a number is sold. Raises 50201 if it is not there."""
        self._take(amount)
        self.frozen += amount

    def charge(self, amount: Decimal) -> None:
        """What was frozen is paid: the SMS came."""
        self.frozen -= amount
        self.paid += amount

    def release(self, amount: Decimal) -> None:
        """What was frozen comes back: cancelled or timed out."""
        self.frozen -= amount
        self.balance += amount

    def pay(self, amount: Decimal) -> None:
        """Leases are paid at once. Raises 50201 if it is not there."""
        self._take(amount)
        self.paid += amount

    def refund(self, amount: Decimal) -> None:
        self.paid -= amount
        self.balance += amount

    def _take(self, amount: Decimal) -> None:
        if self.balance < amount:
            raise Refusal(BALANCE_NOT_ENOUGH)
        self.balance -= amount


@dataclass(frozen=True)
class Entry:
    """One line of the provider's books: something sold and what became of the money.

    ``kind`` is ``number``, ``reuse``, ``lease`` or ``renewal``; ``state`` is ``frozen``,
    ``charged``, ``released``, ``refunded`` or ``withheld`` (a refund that never came).
    """

    id: str
    kind: str
    amount: Decimal
    state: str
    number: str
    refer_id: str | None
    at: float

    def as_json(self) -> dict[str, Any]:
        row = {item.name: getattr(self, item.name) for item in fields(self)}
        return row | {"amount": str(self.amount)}
