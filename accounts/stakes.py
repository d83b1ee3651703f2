"""What is under way in a team: what a page says before somebody leaves, or the team ends.

Purchases, numbers and leases live on floors above; their way back to the team's rows is all that is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import ProviderAccount, Team, User


@dataclass(frozen=True, slots=True)
class Stakes:
    """Figures of one moment. ``reserved`` is US dollars; it counts unknown outcomes too.

    ``accounts`` are those that would be closed: a member's private ones, or all of a team.
    """

    reserved: Decimal
    unsettled: int
    numbers: int
    queued: int
    unknown: int
    leases: int
    accounts: Sequence[ProviderAccount] = ()

    @property
    def block_the_end(self) -> bool:
        """Whether the team cannot be deleted yet: money is reserved or a number is waited for."""
        return bool(self.unsettled or self.numbers)


def stakes_of(team: Team, buyer: User | None = None) -> Stakes:
    """What is under way in ``team``, or of it what ``buyer`` bought."""
    purchases = team.purchases.all()
    numbers, leases = team.activations.open(), team.leases.kept()
    accounts = team.provider_accounts.kept()
    if buyer is not None:
        accounts = accounts.filter(private_to=buyer)
        purchases = purchases.filter(buyer=buyer)
        numbers, leases = (
            numbers.filter(purchase__buyer=buyer),
            leases.filter(purchase__buyer=buyer),
        )
    return Stakes(
        reserved=purchases.reserved(),
        unsettled=purchases.unsettled().count(),
        numbers=numbers.count(),
        queued=purchases.not_sent().count(),
        unknown=purchases.unknown().count(),
        leases=leases.count(),
        accounts=tuple(accounts.order_by("name", "pk")),
    )
