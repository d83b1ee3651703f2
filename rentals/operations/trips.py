"""What the desk offers a member first: their favourites, and where they bought last."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership
from catalog.models import Offer
from rentals.models import Purchase, Trip
from rentals.operations.errors import Refusal

MOST_FAVOURITES = 20
TRIP = ("team", "member", "service", "country")


def remember_trip(purchase: Purchase) -> None:
    """Note that its buyer has a number from there, in the transaction of the purchase itself."""
    if purchase.service_id is None or purchase.country_id is None:
        return
    trip = Trip(
        team_id=purchase.team_id,
        member_id=purchase.buyer_id,
        service_id=purchase.service_id,
        country_id=purchase.country_id,
        bought_at=purchase.created,
    )
    Trip.objects.bulk_create(
        [trip], update_conflicts=True, unique_fields=TRIP, update_fields=("bought_at",)
    )


@transaction.atomic
def star_trip(*, member: Membership, offer: Offer, starred: bool) -> None:
    """Make ``offer`` a favourite of ``member`` in their team, or no longer one. Twice is as once.

    Raises ``Refusal`` where they have as many favourites as the desk shows.
    """
    trips = Trip.objects.filter(team=member.team_id, member=member.user_id)
    this = trips.filter(service=offer.service_id, country=offer.country_id)
    if not starred:
        this.update(starred_at=None)
        return
    if this.filter(starred_at__isnull=False).exists():
        return
    if trips.filter(starred_at__isnull=False).count() >= MOST_FAVOURITES:
        raise Refusal(
            _("At most %(count)d favourites fit on the desk. Take one away first.")
            % {"count": MOST_FAVOURITES}
        )
    trip = Trip(
        team=member.team,
        member=member.user,
        service_id=offer.service_id,
        country_id=offer.country_id,
        starred_at=timezone.now(),
    )
    Trip.objects.bulk_create(
        [trip], update_conflicts=True, unique_fields=TRIP, update_fields=("starred_at",)
    )
