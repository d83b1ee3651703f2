"""Rows to test with. Each function makes one valid row and whatever it hangs on."""

import itertools
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Membership, ProviderAccount, Role, Team, User
from catalog.models import Country, Offer, Service
from rentals.models import Activation, BalanceSnapshot, Limit, Purchase
from rentals.states import ActivationState, PurchaseState

PASSWORD = "correct horse battery staple"
_number = itertools.count(1)


def make_user(name: str = "", **fields: Any) -> User:
    """A user without a team; ``name`` gives the address too."""
    name = name or f"user{next(_number)}"
    email = fields.pop("email", f"{name.lower()}@example.org")
    return User.objects.create_user(email, PASSWORD, name=name, **fields)


def make_team(owner: User | None = None, name: str = "", **members: User) -> Team:
    """A team with an owner and a member for each role named: ``make_team(alice, viewer=vera)``."""
    team = Team.objects.create(name=name or f"Team {next(_number)}")
    add_member(team, owner or make_user(), Role.OWNER)
    for role, user in members.items():
        add_member(team, user, Role(role))
    return team


def add_member(team: Team, user: User, role: Role = Role.MEMBER) -> Membership:
    """``user`` as a member of ``team``."""
    return Membership.objects.create(team=team, user=user, role=role)


def make_token() -> str:
    """A token no provider knows; add it to the sandbox with ``sandbox.add_account``."""
    return uuid.uuid4().hex


def make_provider_account(
    team: Team, token: str = "", *, refer_id: str = "", **fields: Any
) -> ProviderAccount:
    """An active provider account of ``team``, not checked with any provider."""
    account = ProviderAccount(team=team, **{"name": f"Account {next(_number)}", **fields})
    account.set_token(token or make_token())
    account.set_refer_id(refer_id)
    account.save()
    return account


def make_country(title: str = "", iso_code: str = "US", provider_id: str = "") -> Country:
    """A country that numbers are sold in."""
    number = next(_number)
    return Country.objects.create(
        provider_id=provider_id or f"c{number}",
        title=title or f"Country {number}",
        iso_code=iso_code,
    )


def make_service(title: str = "", code: str = "", provider_id: str = "") -> Service:
    """A service that sends SMS."""
    number = next(_number)
    return Service.objects.create(
        provider_id=provider_id or f"s{number}", title=title or f"Service {number}", code=code
    )


def make_offer(
    service: Service | None = None,
    country: Country | None = None,
    *,
    cost: Decimal | str = "0.14",
    stock: int = 100,
    listed: bool = True,
) -> Offer:
    """What a number costs."""
    return Offer.objects.create(
        service=service or make_service(),
        country=country or make_country(),
        cost=Decimal(cost),
        stock=stock,
        listed=listed,
    )


def make_purchase(
    team: Team,
    buyer: User | None = None,
    *,
    offer: Offer | None = None,
    account: ProviderAccount | None = None,
    **fields: Any,
) -> Purchase:
    """A purchase with its hold in the ledger; ``state`` is held unless given."""
    from django.db import transaction

    from rentals import ledger

    offer = offer or make_offer()
    values = {
        "team": team,
        "buyer": buyer or team.members.order_by("pk")[0],
        "account": account or team.provider_accounts.first() or make_provider_account(team),
        "country": offer.country,
        "service": offer.service,
        "quoted": offer.cost,
        "client_key": uuid.uuid4(),
    }
    if fields.get("state") == PurchaseState.SENDING:
        values |= {"claim": uuid.uuid4(), "claim_until": timezone.now() + timedelta(minutes=1)}
    with transaction.atomic():
        purchase = Purchase.objects.create(**{**values, **fields})
        ledger.hold(purchase)
    return purchase


def make_activation(
    team: Team, buyer: User | None = None, *, purchase: Purchase | None = None, **fields: Any
) -> Activation:
    """A number that waits for its SMS, with its bought purchase."""
    purchase = purchase or make_purchase(team, buyer, state=PurchaseState.BOUGHT)
    number = next(_number)
    values = {
        "purchase": purchase,
        "team": team,
        "account": purchase.account,
        "country": purchase.country,
        "service": purchase.service,
        "request_id": f"{10**20 + number}",
        "number": f"1754800{number:04d}",
        "state": ActivationState.WAITING,
        "poll_slot": purchase.account.poll_slot,
        "expires_at": timezone.now() + timedelta(minutes=20),
    }
    return Activation.objects.create(**{**values, **fields})


def make_limit(team: Team, member: User | None = None, **fields: Any) -> Limit:
    """What the team, or one member of it, may buy; what is not given is not limited."""
    return Limit.objects.create(team=team, member=member, **fields)


def make_snapshot(account: ProviderAccount, **fields: Any) -> BalanceSnapshot:
    """What the provider said a moment ago; it fits the ledger unless ``drift`` says otherwise."""
    now = timezone.now()
    values = {
        "account": account,
        "token_mark": BalanceSnapshot.mark_of(account),
        "taken_at": now,
        "confirmed_at": now,
        "balance": Decimal("97.20"),
        "frozen": Decimal(0),
        "spent": Decimal(0),
        "drift": Decimal(0),
        "since": now - timedelta(minutes=5),
        "until": now,
    }
    return BalanceSnapshot.objects.create(**{**values, **fields})
