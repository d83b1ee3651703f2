"""Believable data of any size, for trying out and for measuring: teams with years behind them.

Every team is new, with members and provider accounts of its own, so that nothing that exists is
touched. The accounts are removed ones, without a token: nobody is ever asked anything with them.
Memory does not grow with the number of purchases: some thousand are held at a time, and the roll-ups
of one team's day. A team's day is one transaction, so the books agree at every moment.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, ProviderAccount, Role, Team, User
from accounts.operations.teams import accept_terms, create_team
from catalog.models import Country, Offer, Service
from rentals.demo import Past, find_offers

BATCH = 2000  # purchases in memory
TEAM_NAMES = ("Sign-up tests", "Support desk", "Field operations", "Growth", "Reseller back office")
PEOPLE = ("Ada", "Ravi", "Mei", "Jonas", "Leila", "Tomás", "Anouk", "Kofi", "Yuki", "Nadia")
ROLES = (Role.OWNER, Role.ADMIN, Role.MEMBER, Role.MEMBER, Role.MEMBER)
# How much of a day's work falls into each hour from 6 to 20 UTC, and how much of a week's on each day.
HOURS = dict(zip(range(6, 20), (1, 3, 6, 9, 10, 9, 6, 7, 9, 9, 7, 5, 3, 1), strict=True))
WEEKDAYS = (10, 11, 11, 10, 9, 3, 2)
COUNTRIES = {"FR": "France", "DE": "Germany", "GB": "United Kingdom", "US": "United States"}
SERVICES = {"tg": "Telegram", "wa": "WhatsApp", "go": "Google", "am": "Amazon", "ub": "Uber"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much there is to be: ``purchases`` in all, by ``teams`` teams over the last ``days`` days."""

    purchases: int
    teams: int = 3
    days: int = 90
    seed: int = 1


def seed(plan: Plan) -> Iterator[int]:
    """Write it; yields after each transaction how many purchases there are by then."""
    chance = random.Random(plan.seed)  # noqa: S311  the same plan tells the same story
    offers = find_offers() or _make_offers()
    pasts = [_make_past(number, chance) for number in range(plan.teams)]
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(plan.days, 0, -1)]
    # Later teams are smaller, and a site grows: its last day has twice the work of its first.
    weights = [
        WEEKDAYS[day.weekday()] * (1 + number / plan.days) / (1 + place)
        for number, day in enumerate(days)
        for place in range(plan.teams)
    ]
    counts = deal_out(plan.purchases, weights)
    written = 0
    for number, count in enumerate(counts):
        if count:
            past, day = pasts[number % plan.teams], days[number // plan.teams]
            _write_day(past, day, count, offers)
            written += count
            yield written


def deal_out(total: int, weights: Sequence[float]) -> list[int]:
    """Divide ``total`` by ``weights`` into whole numbers that add up to it exactly."""
    dealt, so_far, counts = 0, 0.0, []
    whole = sum(weights)
    for weight in weights:
        so_far += weight
        until = round(total * so_far / whole)
        counts.append(until - dealt)
        dealt = until
    return counts


def _write_day(past: Past, day: datetime, count: int, offers: Sequence[Offer]) -> None:
    """A team's day, in the order in which it went, some thousand purchases at a time."""
    with transaction.atomic():
        for hour, of_hour in zip(HOURS, deal_out(count, list(HOURS.values())), strict=True):
            parts = max(1, -(-of_hour // BATCH))
            for part, of_part in enumerate(deal_out(of_hour, [1] * parts)):
                begin, length = hour + part / parts, 1 / parts
                moments = sorted(begin + past.chance.random() * length for _ in range(of_part))
                for moment in moments:
                    past.add(past.chance.choice(offers), day + timedelta(hours=moment))
                if len(past.purchases) >= BATCH:
                    past.write_rows()
        past.write_rows()
        past.write_days()


@transaction.atomic
def _make_past(number: int, chance: random.Random) -> Past:
    """A team with its members and accounts, of which nothing is told yet."""
    mark = uuid.uuid4().hex[:8]
    names = chance.sample(PEOPLE, len(ROLES))
    members = [
        User.objects.create(
            email=f"{name.lower()}.{mark}@busstop.example", name=name, password=make_password(None)
        )
        for name in names
    ]
    team = create_team(owner=members[0], name=TEAM_NAMES[number % len(TEAM_NAMES)])
    others = zip(members[1:], ROLES[1:], strict=True)
    Membership.objects.bulk_create(
        Membership(team=team, user=member, role=role) for member, role in others
    )
    owner = team.memberships.get(user=members[0])
    accept_terms(actor=owner, purpose="Made by seed_demo, to try out and to measure.")
    return Past(_make_accounts(team), members, chance.getrandbits(32))


def _make_accounts(team: Team) -> list[ProviderAccount]:
    return [
        ProviderAccount.objects.create(team=team, name=name, state=ProviderAccount.State.REMOVED)
        for name in ("Main", "Spare")
    ]


def _make_offers() -> list[Offer]:
    """Something to have bought where no catalogue was read: not listed, so that nobody can buy it."""
    countries = [
        Country.objects.get_or_create(
            provider_id=f"seed-{code}", defaults={"title": title, "iso_code": code, "listed": False}
        )[0]
        for code, title in COUNTRIES.items()
    ]
    services = [
        Service.objects.get_or_create(
            provider_id=f"seed-{code}", defaults={"title": title, "code": code, "listed": False}
        )[0]
        for code, title in SERVICES.items()
    ]
    return [
        Offer.objects.get_or_create(
            country=country,
            service=service,
            defaults={"cost": Decimal(10 + 3 * place) / 100, "stock": 0, "listed": False},
        )[0]
        for place, country in enumerate(countries)
        for service in services
    ]
