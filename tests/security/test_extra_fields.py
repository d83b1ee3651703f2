"""Goal 13: fields that nobody asked for are ignored by every form, whoever sends them."""

import uuid
from collections import Counter
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import models, transaction

from accounts.models import Team, User
from rentals.history import PARAMETERS
from rentals.models import BuyingStop, Purchase
from sandbox.server import Sandbox
from tests.factories import make_token
from tests.security.matrix import MATRIX
from tests.security.world import World, make_world

# What would give somebody more than they have, were it taken from a form.
PLAIN = {
    **dict.fromkeys(("is_staff", "is_superuser", "is_active", "is_personal"), "on"),
    "state": "received",
    "cost": "0",
    "amount": "0",
    "balance": "999",
    "frozen": "0",
    "kind": "reuse",
    "needs_second_factor": "",
    "terms_version": "2026-11",
    "slots": "99",
    "frozen_confirmed": "99",
    "sends": "0",
    "by": "staff",
    "settled_at": "2020-01-01",
}
OWNERS = ("team", "user", "buyer", "member", "holder", "private_to", "actor", "account")
# A form that is right, so that it does what it is for: (route, what is typed).
RIGHT: dict[str, dict[str, Any]] = {
    "me/": {"name": "Owner", "time_zone": "UTC"},
    "teams/new/": {"name": "Night shift"},
    "t/<slug:team>/team/<int:user_id>/role/": {"role": "viewer"},
    "t/<slug:team>/terms/accept/": {"purpose": "Tests", "accepted": "on"},
    "t/<slug:team>/limits/team/": {"per_day": "5"},
    "t/<slug:team>/limits/<int:user_id>/": {"per_day": "5"},
    "t/<slug:team>/retention/": {"days": "7"},
    "t/<slug:team>/accounts/<uuid:account>/": {"name": "Renamed"},
    "t/<slug:team>/accounts/<uuid:account>/money/<int:snapshot>/explain/": {"explanation": "x"},
    # Some of these names are filters of theirs: left empty, as in the form.
    **dict.fromkeys(
        ("t/<slug:team>/exports/csv/", "t/<slug:team>/exports/workbook/"),
        dict.fromkeys(PARAMETERS.values(), ""),
    ),
}


@pytest.fixture
def world(db: None, sandbox: Sandbox) -> World:
    cache.clear()
    return make_world()


def test_goal_13_fields_nobody_asked_for_are_ignored_by_every_form(world: World) -> None:
    owner, before = world.browser_of("owner"), standing(world)
    posted = [route for route, (_get, post) in MATRIX.items() if "y" in post[4:7]]
    posted = [route for route in posted if route.startswith(("t/", "me/", "teams/"))]
    assert set(RIGHT) <= set(posted)
    done = 0
    for route in posted:
        address, form = world.address(route), RIGHT.get(route, {})
        honest = after(world, owner, address, form)
        hostile = after(world, owner, address, extra(world) | form)
        assert hostile == honest, route
        done += honest != before
    assert done >= len(RIGHT), "few of the forms did anything: this test would prove nothing"


def extra(world: World) -> dict[str, Any]:
    other = world.visitors["other team"]
    assert other is not None
    people = {name: other.pk for name in OWNERS if name != "team"}
    both = {"team": world.theirs.pk, "slug": world.theirs.slug} | people
    return PLAIN | both | {f"{name}_id": value for name, value in both.items()}


def after(world: World, browser: Any, address: str, form: dict[str, Any]) -> Counter[Any]:
    """What stands in the database after a form was sent; then that is taken back."""
    with transaction.atomic():
        browser.post(address, form)
        found = standing(world)
        transaction.set_rollback(True)
    return found


def standing(world: World) -> Counter[Any]:
    """How many rows of each table have which state, money, rights, and whose they are."""
    rows: Counter[Any] = Counter()
    people = {user.pk: name for name, user in world.visitors.items() if user}
    teams = {world.ours.pk: "ours", world.theirs.pk: "theirs"}
    for model in apps.get_models():
        columns = [field for field in model._meta.concrete_fields if matters(field)]
        for row in model._base_manager.all():
            values = [getattr(row, field.attname) for field in columns]
            for at, field in enumerate(columns):
                if field.related_model is Team:
                    values[at] = teams.get(values[at], "new")
                elif field.related_model is User:
                    values[at] = people.get(values[at], "new")
            rows[(model._meta.label, repr(values))] += 1
    return rows


def matters(field: models.Field[Any, Any]) -> bool:
    if field.related_model in (Team, User):
        return True
    return field.name in PLAIN and not isinstance(field, models.DateTimeField)


def test_goal_13_a_purchase_is_what_its_button_says(world: World) -> None:
    """The button has an offer, an account and a price; the rest is for us to know."""
    things = world.things[world.ours]
    ours = {"offer": things["offer"], "account": things["account"]}
    form = extra(world) | ours | {"quoted": "0.14", "client_key": str(uuid.uuid4())}
    BuyingStop.objects.all().delete()
    before = Purchase.objects.count()
    world.browser_of("member").post(world.address("t/<slug:team>/buy/"), form)
    assert Purchase.objects.count() == before + 1
    purchase = Purchase.objects.latest("pk")
    assert (purchase.team, purchase.buyer) == (world.ours, world.visitors["member"])
    assert (purchase.state, purchase.kind, purchase.cost) == ("held", "number", None)
    assert (purchase.holder, purchase.settled_at, purchase.sends) == (None, None, 0)


def test_goal_13_an_account_is_of_the_team_that_adds_it(world: World, sandbox: Sandbox) -> None:
    token = make_token()
    sandbox.add_account(token)
    form = extra(world) | {"name": "Main", "token": token}
    world.browser_of("owner").post(world.address("t/<slug:team>/accounts/add/"), form)
    account = world.ours.provider_accounts.latest("created")
    assert (account.name, account.state, account.slots) == ("Main", "active", None)
    assert account.balance != 999
