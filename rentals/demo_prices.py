"""What the demo's offers cost before their catalogue was first read, so that their pictures show something."""

import random
from bisect import bisect
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter

from django.db.models import Min
from django.utils import timezone

from catalog.models import Offer, PricePoint

CENT, TENTH_OF_A_CENT = Decimal("0.01"), Decimal("0.001")
CHEAP = Decimal("0.10")  # below it prices move by tenths of a cent
LOWEST, HIGHEST = 0.75, 1.35  # of what the offer costs now
LEAST = timedelta(days=1)  # of a history that is worth telling
_WHEN = attrgetter("at")


class PricesBefore:
    """A history of prices for each of ``offers``, from ``begin`` to its first real point.

    Changes are by day. An offer sells out at night, when nobody of the demo's past buys. What has a
    history of that age keeps the one it has.
    """

    def __init__(self, offers: Iterable[Offer], chance: random.Random, *, begin: datetime) -> None:
        self.chance = chance
        keys = [offer.pk for offer in offers]
        firsts = PricePoint.objects.filter(offer__in=keys).order_by().values_list("offer")
        first_of = dict(firsts.annotate(first=Min("at")))
        now = timezone.now()
        self.points = {
            offer.pk: self._tell(offer, begin, first_of.get(offer.pk, now)) for offer in offers
        }

    def cost_at(self, offer: Offer, moment: datetime) -> Decimal:
        """What ``offer`` cost then, in US dollars; what it costs now where nothing is told."""
        points = self.points.get(offer.pk, ())
        place = bisect(points, moment, key=_WHEN)
        return points[place - 1].cost if place else offer.cost

    def write(self) -> None:
        """Write all of them, a thousand at a time."""
        rows = [point for points in self.points.values() for point in points]
        PricePoint.objects.bulk_create(rows, batch_size=1000)

    def _tell(self, offer: Offer, begin: datetime, end: datetime) -> list[PricePoint]:
        days = (end - begin) // timedelta(days=1)
        if end - begin < LEAST:
            return []
        chance, level = self.chance, self.chance.uniform(0.9, 1.15)
        points = [self._point(offer, begin, level)]
        for day in sorted(chance.sample(range(days), min(days, chance.randint(8, 20)))):
            level = min(HIGHEST, max(LOWEST, level * chance.uniform(0.88, 1.13)))
            at = begin + timedelta(days=day, hours=chance.uniform(6, 21))
            points.append(self._point(offer, at, level))
            if chance.random() < 0.12:
                sold_out = begin + timedelta(days=day, hours=chance.uniform(22, 26))
                back = sold_out + timedelta(hours=chance.uniform(1, 3))
                points += [
                    self._point(offer, sold_out, level, sold_out=True),
                    self._point(offer, back, level),
                ]
        return [point for point in points if point.at < end]

    def _point(
        self, offer: Offer, at: datetime, level: float, *, sold_out: bool = False
    ) -> PricePoint:
        step = TENTH_OF_A_CENT if offer.cost < CHEAP else CENT
        cost = max(step, (offer.cost * Decimal(level)).quantize(step))
        stock = 0 if sold_out else self.chance.randint(20, 2 * max(20, offer.stock))
        return PricePoint(offer=offer, cost=cost, stock=stock, at=at)
