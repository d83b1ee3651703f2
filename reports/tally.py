"""What was bought and what came of it, added up: one line of a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.money import ZERO
from core.rates import whole_percent
from rentals.models.day import WAIT_COLUMNS, estimate_wait

TENTH_OF_A_CENT = Decimal("0.001")


@dataclass(slots=True)
class Tally:
    """Counts of numbers for one SMS, and US dollars; leases are money alone.

    ``docs/states-and-money.md`` says on which day each of these counts.
    """

    bought: int = 0
    delivered: int = 0
    cancelled: int = 0
    expired: int = 0
    failed: int = 0
    numbers: Decimal = ZERO  # spent on them
    leases: Decimal = ZERO
    waits: list[int] = field(default_factory=lambda: [0] * len(WAIT_COLUMNS))

    def add(self, sums: Mapping[str, Any], *, leased: bool) -> None:
        """Add a row of ``TripDayQuerySet.sums_by``."""
        spent = sums["charged"] + sums["lost"] - sums["refunded"]
        if leased:
            self.leases += spent
            return
        self.numbers += spent
        self.bought += sums["purchases"]
        self.delivered += sums["delivered"]
        self.cancelled += sums["cancelled"]
        self.expired += sums["expired"]
        self.failed += sums["failed"]
        self.waits = [
            wait + sums[name] for wait, name in zip(self.waits, WAIT_COLUMNS, strict=True)
        ]

    def merge(self, other: "Tally") -> None:
        """Add another line."""
        self.bought += other.bought
        self.delivered += other.delivered
        self.cancelled += other.cancelled
        self.expired += other.expired
        self.failed += other.failed
        self.numbers += other.numbers
        self.leases += other.leases
        self.waits = [mine + more for mine, more in zip(self.waits, other.waits, strict=True)]

    @property
    def spent(self) -> Decimal:
        """All of it, in US dollars."""
        return self.numbers + self.leases

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        counts = self.bought + self.delivered + self.cancelled + self.expired + self.failed
        return not (counts or self.numbers or self.leases)

    @property
    def ended(self) -> int:
        """The numbers whose SMS came, that expired or were given back; rates are of these."""
        return self.delivered + self.cancelled + self.expired

    @property
    def success(self) -> float | None:
        """The share of the numbers that ended which got their SMS; None where none has ended."""
        return self.delivered / self.ended if self.ended else None

    @property
    def percent(self) -> int | None:
        """The same in whole percent."""
        return whole_percent(self.delivered, self.ended) if self.ended else None

    @property
    def cost_per_sms(self) -> Decimal | None:
        """US dollars spent on numbers for each that got its SMS, to the tenth of a cent."""
        return (self.numbers / self.delivered).quantize(TENTH_OF_A_CENT) if self.delivered else None

    @property
    def median(self) -> float | None:
        """Seconds that half of the first SMS took at most, estimated."""
        return estimate_wait(self.waits, 0.5)

    @property
    def p90(self) -> float | None:
        """Seconds that nine of ten first SMS took at most, estimated."""
        return estimate_wait(self.waits, 0.9)
