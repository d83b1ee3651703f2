"""Rows to test with. Each function makes one valid row and whatever it hangs on."""

import itertools
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Invitation, Membership, ProviderAccount, Role, Team, User
from accounts.models.team import TERMS_VERSION
from catalog import feeds
from catalog.models import Area, Country, Feed, Offer, Service
from notify.models import Alert, Kind, Notification
from rentals.models import (
    Activation,
    BalanceSnapshot,
    Lease,
    Limit,
    Message,
    Purchase,
    Tag,
    Trip,
)
from rentals.states import ActivationState, PurchaseState

PASSWORD = "correct horse battery staple"
_number = itertools.count(1)


def make_user(name: str = "", **fields: Any) -> User:
    """A user without a team; ``name`` gives the address too."""
    name = name or f"user{next(_number)}"
    email = fields.pop("email", f"{name.lower()}@example.org")
    return User.objects.create_user(email, PASSWORD, name=name, **fields)


def make_team(owner: User | None = None, name: str = "", **members: User) -> Team:
    """A team with an owner and a member for each role named: ``make_team(alice, viewer=vera)``.

    It has accepted the terms and may buy.
    """
    team = Team.objects.create(
        name=name or f"Team {next(_number)}",
        purpose="Tests of our own sign-up.",
        terms_version=TERMS_VERSION,
    )
    add_member(team, owner or make_user(), Role.OWNER)
    for role, user in members.items():
        add_member(team, user, Role(role))
    return team


def add_member(team: Team, user: User, role: Role = Role.MEMBER) -> Membership:
    """``user`` as a member of ``team``."""
    return Membership.objects.create(team=team, user=user, role=role)


def make_invitation(team: Team, email: str = "", **fields: Any) -> tuple[Invitation, str]:
    """An invitation that the first member of ``team`` sent, and the token of its link."""
    invitation = Invitation(
        team=team,
        email=email or f"guest{next(_number)}@example.org",
        invited_by=team.members.order_by("pk")[0],
    )
    token = invitation.renew_token()
    for name, value in fields.items():
        setattr(invitation, name, value)
    invitation.save()
    return invitation, token


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


def fail_to_read(key: str = feeds.COUNTRIES, sentence: str = "", **fields: Any) -> Feed:
    """A list that could not be read a moment ago; the provider did not answer unless ``sentence`` says else."""
    values = {"failed_at": timezone.now(), "error": sentence or feeds.UNANSWERED[1], **fields}
    return Feed.objects.update_or_create(key=key, defaults=values)[0]


def make_alert(
    team: Team, user: User | None = None, *, offer: Offer | None = None, **fields: Any
) -> Alert:
    """An armed alert about an offer's service and country: its stock, or with ``price`` that."""
    offer = offer or make_offer()
    if price := fields.get("price"):
        fields["price"] = Decimal(price)
        fields.setdefault("rearm_above", Alert.margin_of(fields["price"]))
    values = {
        "team": team,
        "user": user or team.members.order_by("pk")[0],
        "service": offer.service,
        "country": offer.country,
        "kind": Alert.Kind.PRICE if price else Alert.Kind.STOCK,
    }
    return Alert.objects.create(**{**values, **fields})


def make_notification(team: Team, user: User | None = None, **fields: Any) -> Notification:
    """Something that a member was told a moment ago and has not read."""
    number = next(_number)
    values = {
        "team": team,
        "user": user or team.members.order_by("pk")[0],
        "kind": Kind.LIMIT_REACHED,
        "key": f"made:{number}",
        "title": f"News {number}",
        "url": f"/t/{team.slug}/limits/",
    }
    return Notification.objects.create(**{**values, **fields})


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


def make_area(code: str = "CA", title: str = "Canada", **fields: Any) -> Area:
    """Where numbers are leased, for two dollars a month."""
    values = {"monthly_price": Decimal(2), "min_months": 1, "stock": 48}
    return Area.objects.create(provider_id=code, title=title, **{**values, **fields})


def make_lease_purchase(team: Team, buyer: User | None = None, **fields: Any) -> Purchase:
    """Two months in Canada for four dollars, asked for; with ``renews`` a renewal."""
    kind = Purchase.Kind.RENEWAL if "renews" in fields else Purchase.Kind.LEASE
    values = {
        "kind": kind,
        "country": None,
        "service": None,
        "area_code": "CA",
        "area_name": "Canada",
        "months": 2,
        "quoted": Decimal(4),
    }
    return make_purchase(team, buyer, **{**values, **fields})


def make_lease(team: Team, buyer: User | None = None, **fields: Any) -> Lease:
    """A number in Canada that was leased a minute ago for two months, and paid."""
    from django.db import transaction

    from rentals import ledger

    number, now = next(_number), timezone.now()
    purchase = fields.pop("purchase", None) or make_lease_purchase(
        team, buyer, state=PurchaseState.BOUGHT, order_id=f"{10**18 + number}"
    )
    with transaction.atomic():
        ledger.charge(purchase)
    values = {
        "purchase": purchase,
        "team": team,
        "account": purchase.account,
        "area_code": "CA",
        "area_name": "Canada",
        "dialing_code": "1",
        "number": f"1514308{number:04d}",
        "begin_at": now - timedelta(minutes=1),
        "expire_at": now + timedelta(days=60),
        "keep_at": now + timedelta(days=67),
    }
    return Lease.objects.create(**{**values, **fields})


def make_renewal(lease: Lease) -> Purchase:
    """Three months more for six dollars, bought and paid."""
    from django.db import transaction

    from rentals import ledger

    purchase = make_lease_purchase(
        lease.team, renews=lease, months=3, quoted=Decimal(6), state=PurchaseState.BOUGHT
    )
    with transaction.atomic():
        ledger.charge(purchase)
    return purchase


def make_lease_message(lease: Lease, text: str, code: str = "", **fields: Any) -> Message:
    """An SMS that came to a leased number a moment ago."""
    at = fields.pop("received_at", timezone.now())
    return Message.objects.create(
        lease=lease,
        team=lease.team,
        text=text,
        code=code,
        digest=Message.digest_of(text, at),
        received_at=at,
    )


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


def make_tag(team: Team, name: str = "") -> Tag:
    """A word of the team's."""
    return Tag.objects.create(team=team, name=name or f"Tag {next(_number)}")


def make_trip(membership: Membership, offer: Offer | None = None, **fields: Any) -> Trip:
    """Where a member of a team bought a moment ago; a favourite with ``starred_at``."""
    offer = offer or make_offer()
    values = {"bought_at": timezone.now(), "service": offer.service, "country": offer.country}
    return Trip.objects.create(team=membership.team, member=membership.user, **{**values, **fields})


def make_record(team: Team, offer: Offer, *waits: int | None, days_ago: int = 1) -> None:
    """Ended numbers of an offer: an SMS after so many seconds, None where none came."""
    for wait in waits:
        bought = timezone.now() - timedelta(days=days_ago)
        state = ActivationState.EXPIRED if wait is None else ActivationState.RECEIVED
        make_activation(
            team,
            purchase=make_purchase(
                team, offer=offer, state=PurchaseState.BOUGHT, put_away_at=timezone.now()
            ),
            state=state,
            watched=False,
            created=bought,
            received_at=None if wait is None else bought + timedelta(seconds=wait),
        )
