"""What a team and its members have used of their limits, and what one more purchase would exceed.

Two limits hold for each purchase: the team's, and the buyer's own. Used is what is reserved (the
holds of everything unsettled, whatever its day) and what was spent on the UTC day or in the UTC
month. Open at once is every purchase whose money is still held: asked for, being bought, of unknown
outcome, or a number that waits for its SMS; when a number ends its hold is settled with it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Count, F, Q, Sum, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from core.money import ZERO
from rentals.models import Limit

NEAR = Decimal("0.8")  # of a limit used: time for a warning


class Kind(TextChoices):
    """The limits there are, in the order in which they are looked at: the longest lasting first.

    Who is over two of them is told the one that waiting for midnight does not mend.
    """

    PER_PURCHASE = "per_purchase", _("for one purchase")
    PER_MONTH = "per_month", _("this month")
    PER_DAY = "per_day", _("today")
    OPEN_AT_ONCE = "open_at_once", _("open at once")


@dataclass(slots=True)
class Usage:
    """What somebody has used, amounts in US dollars."""

    open: int = 0
    reserved: Decimal = ZERO
    spent_today: Decimal = ZERO
    spent_this_month: Decimal = ZERO

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.open + other.open,
            self.reserved + other.reserved,
            self.spent_today + other.spent_today,
            self.spent_this_month + other.spent_this_month,
        )


@dataclass(frozen=True, slots=True)
class Gauge:
    """One limit with what is used of it: US dollars, or a count for ``OPEN_AT_ONCE``."""

    kind: Kind
    member_id: int | None  # None: the limit of the whole team
    allowed: Decimal
    reserved: Decimal = ZERO
    spent: Decimal = ZERO

    @property
    def used(self) -> Decimal:
        """Reserved and spent."""
        return self.reserved + self.spent

    @property
    def left(self) -> Decimal:
        """What may still be bought; nothing where the limit was lowered below what is used."""
        return max(ZERO, self.allowed - self.used)

    @property
    def share(self) -> Decimal:
        """The used part of the limit, 1 for all of it; all of nothing is used."""
        return self.used / self.allowed if self.allowed else Decimal(1)

    @property
    def percent(self) -> int:
        """The used part in whole percent, rounded down: 100 means that nothing is left."""
        return int(self.share * 100)

    @property
    def is_full(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.allowed

    @property
    def is_near(self) -> bool:
        """Whether it is time for a warning: four fifths are used."""
        return self.used >= NEAR * self.allowed

    def takes(self, amount: Decimal) -> bool:
        """Whether a purchase for ``amount`` US dollars stays within the limit."""
        one_more = Decimal(1) if self.kind == Kind.OPEN_AT_ONCE else amount
        return self.used + one_more <= self.allowed


class Usages(dict[int, Usage]):
    """What each member has used, by id; those who bought nothing lately have used nothing."""

    def of(self, member_id: int | None) -> Usage:
        """What one member has used, or all of the team for None."""
        if member_id is None:
            return sum(self.values(), Usage())
        return self.get(member_id, Usage())


def read_usage(team: Team) -> Usages:
    """Read what the members of ``team`` have used; two queries, with a row for each of them.

    Reserved is read before spent. Settlements do not wait for a team's lock, and each of the two
    queries sees what is committed when it starts: money that a settlement moves from reserved to
    spent in between is counted twice, which may refuse a purchase that the next click gets. The
    other way round it would be counted in neither, and the limit be exceeded. The date is taken
    in between as well, and later days count too: what another machine settles after midnight by
    its clock, before midnight by ours, is not free.
    """
    found: defaultdict[int, Usage] = defaultdict(Usage)
    held = team.purchases.unsettled().values("buyer").annotate(Count("pk"), Sum("quoted"))
    for buyer, count, reserved in held.values_list("buyer", "pk__count", "quoted__sum"):
        found[buyer].open, found[buyer].reserved = count, _exactly(reserved)
    today = datetime.now(UTC).date()
    spent = F("charged") + F("lost") - F("refunded")
    days = team.days.filter(day__gte=today.replace(day=1)).values("member")
    sums = days.annotate(month=Sum(spent), today=Sum(spent, filter=Q(day__gte=today)))
    for member, month, day in sums.values_list("member", "month", "today"):
        found[member].spent_this_month = _exactly(month)
        found[member].spent_today = _exactly(day)
    return Usages(found)


def gauges_of(limit: Limit, usage: Usage) -> list[Gauge]:
    """Return a gauge for everything that ``limit`` sets, given what ``usage`` says is used."""
    used = {
        Kind.PER_PURCHASE: (ZERO, ZERO),
        Kind.PER_MONTH: (usage.reserved, usage.spent_this_month),
        Kind.PER_DAY: (usage.reserved, usage.spent_today),
        Kind.OPEN_AT_ONCE: (Decimal(usage.open), ZERO),
    }
    return [
        Gauge(kind, limit.member_id, Decimal(allowed), *used[kind])
        for kind in Kind
        if (allowed := getattr(limit, kind)) is not None
    ]


def read_gauges(team: Team, member: User) -> list[Gauge]:
    """Read all that binds ``member``: the team's limits, then their own. One to three queries."""
    both = team.limits.filter(Q(member=None) | Q(member=member))
    limits = sorted(both, key=lambda limit: limit.member_id is not None)
    if not limits:
        return []
    usages = read_usage(team)
    return [gauge for limit in limits for gauge in gauges_of(limit, usages.of(limit.member_id))]


def find_exceeded(team: Team, buyer: User, amount: Decimal) -> Gauge | None:
    """Return the limit that a purchase for ``amount`` US dollars would exceed; None for none.

    Under the lock of the team's row, which every purchase is written under, and before it is.
    """
    over = [gauge for gauge in read_gauges(team, buyer) if not gauge.takes(amount)]
    return min(over, key=lambda gauge: list(Kind).index(gauge.kind), default=None)


def tightest(gauges: Iterable[Gauge]) -> Gauge | None:
    """Return the limit of which the largest part is used; None where there is none.

    A ceiling for one purchase does not fill.
    """
    filling = (gauge for gauge in gauges if gauge.kind != Kind.PER_PURCHASE)
    return max(filling, key=lambda gauge: gauge.share, default=None)


def _exactly(amount: Decimal | None) -> Decimal:
    """Take back what SQLite, which adds up in floating point, has put after the fourth decimal."""
    return ZERO if amount is None else amount.quantize(ZERO)
