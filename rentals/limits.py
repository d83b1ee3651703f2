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

from django.db.models import Count, F, Q, Sum, TextChoices, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from core.money import ZERO, MoneyField
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
    """Read what the members of ``team`` have used, in one query of at most two rows for each.

    One statement sees one moment: what a settlement, which does not wait for a team's lock, moves
    from reserved to spent is counted in one of them. Days after today count too: what another
    machine settles after midnight by its clock, before midnight by ours, is not free.
    """
    today = datetime.now(UTC).date()
    spent, nothing = F("charged") + F("lost") - F("refunded"), Value(ZERO, MoneyField())
    held = team.purchases.unsettled().order_by().values("buyer")
    days = team.days.filter(day__gte=today.replace(day=1)).order_by().values("member")
    counted = held.annotate(
        opened=Count("pk"), reserved=Sum("quoted"), today=nothing, month=nothing
    ).values_list("buyer", "opened", "reserved", "today", "month")
    summed = days.annotate(
        opened=Value(0),
        reserved=nothing,
        today=Sum(spent, filter=Q(day__gte=today)),
        month=Sum(spent),
    ).values_list("member", "opened", "reserved", "today", "month")
    found: defaultdict[int, Usage] = defaultdict(Usage)
    for member, count, *amounts in counted.union(summed, all=True):
        found[member] += Usage(count, *map(_exactly, amounts))
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


def read_gauges(team: Team, member: User, usages: Usages | None = None) -> list[Gauge]:
    """Read all that binds ``member``: the team's limits, then their own.

    One query, and another where there are limits and ``usages`` does not say what is used.
    """
    both = team.limits.filter(Q(member=None) | Q(member=member))
    limits = sorted(both, key=lambda limit: limit.member_id is not None)
    if not limits:
        return []
    usages = read_usage(team) if usages is None else usages
    return [gauge for limit in limits for gauge in gauges_of(limit, usages.of(limit.member_id))]


def read_all_gauges(team: Team) -> dict[int | None, list[Gauge]]:
    """Read all limits of ``team`` by the member who is bound, None for all of them; two queries.

    Those of people who have left are among them.
    """
    usages = read_usage(team)
    return {
        limit.member_id: gauges_of(limit, usages.of(limit.member_id)) for limit in team.limits.all()
    }


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
