"""What the sandbox sells: countries, services, offers and lease areas, all made from one seed.

The same seed makes the same catalogue on every machine. What happens to it later (stock sold, a
price changed) is the world's business; nothing here changes.
"""

import json
import random
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources

LOWEST = Decimal("0.05")
HIGHEST = Decimal("3.50")
CENT = Decimal("0.01")
WELL_KNOWN = 40  # the first services of the file are sold nearly everywhere
ALWAYS_IN_STOCK = 12


@dataclass(frozen=True, slots=True)
class Country:
    id: int
    title: str
    code: str


@dataclass(frozen=True, slots=True)
class Service:
    """The provider calls it a project: where the SMS comes from."""

    id: int
    title: str
    code: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One service in one country. ``cost`` is US dollars, ``stock`` the numbers left."""

    country_id: int
    project_id: int
    cost: Decimal
    stock: int
    reusable: bool = True


@dataclass(frozen=True, slots=True)
class Area:
    """A place to lease in. ``unit_price`` is US cents for a month."""

    code: str
    title: str
    unit_price: int
    min_month: int
    stock: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    countries: dict[int, Country]
    services: dict[int, Service]
    offers: dict[tuple[int, int], Offer]
    areas: dict[str, Area]


AREAS = (
    Area("US", "United States of America", 300, 1, 120),
    Area("CA", "Canada", 200, 1, 48),
    Area("GB", "United Kingdom", 250, 1, 86),
    Area("DE", "Germany", 650, 1, 22),
    Area("FR", "France", 550, 1, 31),
    Area("NL", "Netherlands", 480, 1, 40),
    Area("SE", "Sweden", 420, 1, 27),
    Area("ES", "Spain", 460, 1, 18),
    Area("PL", "Poland", 320, 1, 54),
    Area("PT", "Portugal", 380, 2, 12),
    Area("BE", "Belgium", 520, 3, 9),
    Area("HK", "Hong Kong", 700, 1, 1),
    Area("JP", "Japan", 1500, 1, 0),
)


@lru_cache(maxsize=8)
def load_catalogue(seed: int) -> Catalogue:
    countries = {row["id"]: Country(**row) for row in _read("countries.json")}
    services = {row["id"]: Service(**row) for row in _read("services.json")}
    return Catalogue(
        countries=countries,
        services=services,
        offers=_make_offers(seed, countries, services),
        areas={area.code: area for area in AREAS},
    )


def _read(name: str) -> list[dict]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    rows: list[dict] = json.loads(text)
    return rows


def _make_offers(
    seed: int, countries: dict[int, Country], services: dict[int, Service]
) -> dict[tuple[int, int], Offer]:
    """Price = level of the country × level of the service × some noise, rounded to a cent."""
    chance = random.Random(f"offers {seed}")
    country_level = {country_id: chance.uniform(0.4, 2.2) for country_id in countries}
    service_level = {project_id: min(1.6, 0.08 + chance.expovariate(4)) for project_id in services}
    offers = {}
    for country_id in countries:
        for rank, project_id in enumerate(services):
            if chance.random() > (0.97 if rank < WELL_KNOWN else 0.62) and rank >= ALWAYS_IN_STOCK:
                continue
            level = country_level[country_id] * service_level[project_id]
            cost = Decimal(str(level * chance.uniform(0.8, 1.25))).quantize(CENT)
            offers[country_id, project_id] = Offer(
                country_id,
                project_id,
                cost=min(max(cost, LOWEST), HIGHEST),
                stock=_make_stock(rank, chance),
                reusable=chance.random() < 0.8 or rank < WELL_KNOWN,
            )
    return offers


def _make_stock(rank: int, chance: random.Random) -> int:
    """Many hundreds as a rule; one offer in eight is sold out, except for the best-known."""
    if rank >= ALWAYS_IN_STOCK and chance.random() < 0.125:
        return 0
    return min(25_000, 1 + round(chance.lognormvariate(6.3, 1.2)))
