"""The demo team's past obeys the rules that the present does."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import override_settings
from django.utils import timezone

from accounts.models import Team, User
from accounts.operations import ensure_demo_user, read_balance
from catalog.chart import read_levels
from catalog.models import Country, Offer, PricePoint, Service
from rentals.delivery import read_records
from rentals.demo import AT_HOME, HABITS, tell_past
from rentals.models import (
    Activation,
    BalanceSnapshot,
    LedgerEntry,
    MemberDay,
    Message,
    Purchase,
    Trip,
)
from rentals.operations import drift
from sandbox.server import Sandbox
from tests.factories import (
    add_member,
    make_area,
    make_country,
    make_offer,
    make_provider_account,
    make_service,
    make_team,
    make_token,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(sandbox: Sandbox) -> Team:
    token = make_token()
    sandbox.add_account(token, 100)
    for code in ("tg", "wa", "go"):  # what is there is left alone: reading it all takes seconds
        make_offer(make_service(code=code), make_country(iso_code="FR"))
    make_area()
    call_command("demo", token=token, purchases=60, stdout=StringIO())
    call_command("demo", token=token, purchases=60, stdout=StringIO())
    return Team.objects.of(ensure_demo_user()).get()


def test_the_team_is_furnished_once(demo: Team) -> None:
    assert demo.purchases.of_numbers().count() == 60
    assert demo.provider_accounts.get().has_refer_id
    assert User.objects.filter(memberships__team=demo).count() == 3


def test_every_purchase_is_held_and_settled_once(demo: Team) -> None:
    for purchase in Purchase.objects.of_numbers().prefetch_related("entries"):
        kinds = sorted(entry.kind for entry in purchase.entries.all())
        received = purchase.state == "bought" and purchase.activation.state == "received"
        assert kinds == (["charge", "hold"] if received else ["hold", "release"])
        assert purchase.created < purchase.settled_at


def test_the_days_add_up_to_the_ledger(demo: Team) -> None:
    charged = LedgerEntry.objects.filter(kind="charge").aggregate(sum=Sum("amount"))["sum"]
    assert MemberDay.objects.aggregate(sum=Sum("charged"))["sum"] == charged
    assert MemberDay.objects.aggregate(sum=Sum("purchases"))["sum"] == 61


def test_each_received_number_has_its_code(demo: Team) -> None:
    received = Activation.objects.filter(state="received").count()
    assert Message.objects.exclude(code="").count() == received > 0


def test_one_number_is_really_leased(demo: Team, sandbox: Sandbox) -> None:
    lease = demo.leases.get()
    assert (lease.state, lease.area_code) == ("active", "CA")
    assert [held.mobile_number for held in sandbox.world.leases.held()] == [lease.mobile_number]


def test_the_past_that_nobody_was_paid_for_is_no_drift(
    demo: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "SETTLED_FOR", timedelta(0))  # the lease was paid a moment ago
    for _ in range(2):
        read_balance(account=demo.provider_accounts.get())
    assert [snapshot.drift for snapshot in BalanceSnapshot.objects.all()] == [0]


# Beside its purchases


@pytest.fixture
def told() -> Team:
    """The past of a team that had a dozen countries to choose from, read a moment ago."""
    team = make_team()
    services = [make_service(code=code) for code in ("tg", "wa", "go", "pp")]
    for number, code in enumerate(("la", *AT_HOME, "kh", "th", "ge", "ma")):
        country = make_country(iso_code=code.lower())
        for service in services:
            offer = make_offer(service, country, cost=f"0.{12 + number}")
            PricePoint.objects.create(offer=offer, cost=offer.cost, stock=offer.stock)
    members = [add_member(team, make_user(name)).user for name in ("Ada", "Ravi", "Mei")]
    tell_past(make_provider_account(team), members, purchases=120, prices_moved=True)
    return team


def test_it_has_figures_to_rank_countries_by(told: Team) -> None:
    for code, places in HABITS.items():
        service = Service.objects.get(code=code)
        records = read_records(told, service.pk)
        assert len(records) >= places - 1
        names = set(Country.objects.filter(pk__in=records).values_list("iso_code", flat=True))
        assert names <= {code.lower() for code in AT_HOME}


def test_each_member_has_favourites_and_five_that_were_bought_last(told: Team) -> None:
    for membership in told.memberships.exclude(role="owner"):
        trips = list(Trip.objects.of(membership).at_hand())
        assert sum(trip.starred_at is not None for trip in trips) == 2
        last = [trip.bought_at for trip in trips if trip.starred_at is None]
        assert len(last) >= 5
        newest = told.purchases.filter(buyer=membership.user_id).order_by("-created")[0]
        assert max(trip.bought_at for trip in trips) == newest.created


def test_its_offers_have_a_month_of_prices_behind_them(told: Team) -> None:
    now = timezone.now()
    for offer in Offer.objects.all():
        levels = read_levels(offer, "month", now)
        assert now - levels[0].at >= timedelta(days=30)
        assert levels[-1][1:] == (offer.cost, offer.stock)
        assert len({level.cost for level in levels}) > 1
        assert all(0 < level.cost < 2 * offer.cost for level in levels)
        (real,) = offer.points.order_by("-at", "-pk")[:1]  # none is told of a later time
        assert (real.cost, real.stock) == (offer.cost, offer.stock)


def test_each_purchase_cost_what_the_picture_says(told: Team) -> None:
    for purchase in told.purchases.all():
        points = PricePoint.objects.filter(
            offer__service=purchase.service, offer__country=purchase.country
        )
        level = points.filter(at__lte=purchase.created).latest("at", "pk")
        assert level.cost == purchase.quoted
        assert level.stock > 0


@override_settings(DEMO=False)
def test_without_the_sandbox_there_is_no_demo(db: None) -> None:
    with pytest.raises(CommandError, match="only with the sandbox"):
        call_command("demo")
