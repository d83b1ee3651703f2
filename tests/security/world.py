"""A site with two teams, and the eight kinds of visitor that the access matrix is about."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.audit import record
from accounts.models import Action, AuditEntry, Role, Team, User
from catalog.models import Area, Feed, Offer, PricePoint
from notify.models import Delivery
from rentals.models import (
    BuyingStop,
    Event,
    LedgerEntry,
    MemberDay,
    Message,
    PollShard,
    ServiceBlock,
    TripDay,
)
from rentals.states import PurchaseState
from reports.models import Export
from tests.factories import (
    add_member,
    make_activation,
    make_alert,
    make_invitation,
    make_lease,
    make_limit,
    make_notification,
    make_offer,
    make_provider_account,
    make_purchase,
    make_snapshot,
    make_tag,
    make_team,
    make_trip,
    make_user,
)
from tests.signing_in import add_second_factor, sign_in

VISITORS = ("anonymous", "no team", "other team", "viewer", "member", "admin", "owner", "staff")

Things = dict[str, object]


@dataclass
class World:
    """Two teams with the same things in each; `ours` is the one that is visited."""

    ours: Team
    theirs: Team
    visitors: dict[str, User | None]
    things: dict[Team, Things]

    def browser_of(self, visitor: str) -> Client:
        """A browser in which the visitor is signed in. It sends no token with its forms."""
        client = Client(raise_request_exception=False)
        user = self.visitors[visitor]
        if user is not None:
            sign_in(client, user)
        return client

    def address(self, route: str, *, theirs: str = "") -> str:
        """The address of a route; the argument named ``theirs`` is the other team's."""
        things = self.things[self.ours] | {"team": self.ours.slug}
        if theirs:
            things[theirs] = self.things[self.theirs][theirs]
        return "/" + ADDRESSES.get(route, _fill)(things | {"route": route})


def make_world() -> World:
    """Needs the fixture `sandbox`: some of the pages ask the provider."""
    ours, theirs = make_team(make_user("Alice"), "Departures"), make_team(make_user(), "Elsewhere")
    visitors: dict[str, User | None] = {
        "anonymous": None,
        "no team": make_user("Norma"),
        "other team": theirs.members.get(),
        "owner": ours.members.get(),
        "staff": make_user("Sam", is_staff=True, is_superuser=True),
    }
    for role in (Role.VIEWER, Role.MEMBER, Role.ADMIN):
        visitors[role.value] = add_member(ours, make_user(role.value.title()), role).user
    of_nobody = make_things_of_nobody()
    offer = make_offer()
    things = {team: of_nobody | make_things(team, offer) for team in (ours, theirs)}
    return World(ours=ours, theirs=theirs, visitors=visitors, things=things)


def make_things(team: Team, offer: Offer) -> Things:
    """What the addresses of a team speak of, by the names of their arguments; and rows for staff.

    A new argument of an address gets its line in what is returned, a new model its row.
    """
    member = add_member(team, make_user(), Role.MEMBER).user
    account = make_provider_account(team)
    purchase = make_purchase(team, member, offer=offer, account=account)
    number = make_activation(
        team, purchase=make_purchase(team, offer=offer, state=PurchaseState.BOUGHT)
    )
    snapshot = make_snapshot(account, drift=Decimal(-1))
    lease = make_lease(team)
    factor = add_second_factor(member)
    told, alert = make_notification(team, member), make_alert(team, member, offer=offer)
    invitation, token = make_invitation(team)
    session = UserSession.objects.create(
        user=member, session_key=f"{team.pk}", ip="127.0.0.1", user_agent="a browser"
    )
    message = Message.objects.create(team=team, activation=number, text="123456", digest=f"{team}")
    return {
        "user_id": member.pk,
        "account": account.pk,
        "snapshot": snapshot.pk,
        "offer": offer.pk,
        "code": purchase.code,
        "lease": lease.code,
        "export": Export.objects.create(team=team, member=member, expires_at=timezone.now()).pk,
        "notification": told.pk,
        "alert": alert.pk,
        "pk": factor.pk,
        "invitation": invitation.pk,
        "session": session.pk,
        "message": message.pk,
        "token": token,
        **rows_for_staff(
            *(team, member, team.memberships.get(user=member), account, snapshot, make_limit(team)),
            *(offer, offer.country, offer.service, purchase, number, lease),
            *(_record(team), BuyingStop.objects.create(team=team, reason="Under review")),
            *(make_tag(team), make_trip(team.memberships.get(user=member), offer)),
            *(told, alert, Delivery.objects.create(notification=told)),
            LedgerEntry.objects.get(purchase=purchase),
            MemberDay.objects.filter(team=team)[0],
            TripDay.objects.filter(team=team)[0],
            Event.objects.create(team=team, purchase=purchase, subject=Event.Subject.PURCHASE),
            message,
            ServiceBlock.objects.create(
                account=account, service=offer.service, until=timezone.now()
            ),
            EmailAddress.objects.create(user=member, email=member.email),
            *(factor, invitation),
            session,
        ),
    }


def _record(team: Team) -> AuditEntry:
    with transaction.atomic():
        return record(action=Action.TEAM_CREATED, team=team)


def make_things_of_nobody() -> Things:
    """Rows that belong to no team."""
    return rows_for_staff(
        Group.objects.create(name="Support"),
        Area.objects.create(
            provider_id="CA", title="Canada", monthly_price=Decimal(2), min_months=1, stock=48
        ),
        PricePoint.objects.create(offer=make_offer(), cost=Decimal("0.14"), stock=1),
        Feed.objects.create(key="countries"),
        PollShard.objects.create(number=0),
    )


def rows_for_staff(*rows: Model) -> Things:
    """Rows by the path of their model in the admin: {"rentals/lease": 1}."""
    return {row._meta.label_lower.replace(".", "/"): row.pk for row in rows}


def routes() -> Iterator[str]:
    """Every route of the site as it is written, parents joined."""
    yield from _walk(get_resolver(), "")


def _walk(resolver: URLResolver, above: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, route)
        elif isinstance(pattern, URLPattern) and pattern.name != "app_list":
            yield route  # the admin's list of one app names all apps: it is tested as its index


def _fill(things: Things) -> str:
    """The address of most routes follows from the names of their arguments."""
    route = str(things["route"])

    def thing(name: str) -> str:
        assert name in things, (
            f"tests/security: nobody knows {name!r} in the address {route!r}.\n"
            "Make one in make_things() in tests/security/world.py."
        )
        return str(things[name])

    if route.startswith("admin/") and "<path:object_id>" in route:
        app, model = route.split("/")[1:3]
        deed = DEEDS.get(f"{app}/{model}", "")
        route = route.replace("<slug:deed>", deed)
        return route.replace("<path:object_id>", thing(f"{app}/{model}"))
    return re.sub(r"<\w+:(\w+)>", lambda argument: thing(argument[1]), route)


# A thing that staff do to the rows of a model, besides changing them.
DEEDS = {
    "accounts/user": "end-sessions",
    "accounts/team": "withdraw-terms",
    "accounts/provideraccount": "check",
    "rentals/balancesnapshot": "explain",
    "rentals/message": "reveal",
    "rentals/purchase": "write-off",
    "usersessions/usersession": "end",
}

# The others: routes that are regular expressions, or whose arguments have no names.
ADDRESSES: dict[str, Callable[[Things], str]] = {
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": lambda _: "accounts/confirm-email/none/",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (
        lambda _: "accounts/password/reset/key/1-none/"
    ),
    "admin/rentals/purchase/export/<slug:kind>/": lambda _: "admin/rentals/purchase/export/csv/",
    "admin/rentals/ledgerentry/statements/<slug:kind>/": (
        lambda _: "admin/rentals/ledgerentry/statements/csv/"
    ),
    "admin/accounts/user/<id>/password/": lambda things: (
        f"admin/accounts/user/{things['user_id']}/password/"
    ),
    "admin/(?P<url>.*)$": lambda _: "admin/nowhere/",
    "admin/r/<path:content_type_id>/<path:object_id>/": lambda _: "admin/r/1/1/",
}
