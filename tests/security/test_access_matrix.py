"""Goal 1: every address × eight kinds of visitor does what the matrix says, and none is missing."""

import re
from copy import deepcopy

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from sandbox.server import Sandbox
from tests.security.matrix import GROUPS, MATRIX
from tests.security.world import VISITORS, make_world, routes

LETTERS = {403: "x", 404: "-", 405: "m"}
FORM = {"role": "viewer"}  # the one form whose thing is looked for only if its fields are right
OF_EVERYONE = ("offer",)  # arguments of addresses that are the same for all teams


def test_every_route_is_in_the_matrix() -> None:
    written = set(routes())
    missing, gone = sorted(written - set(MATRIX)), sorted(set(MATRIX) - written)
    assert not missing, (
        f"These URLs are not in the access matrix: {missing}\n"
        "Add a line for each to the dictionary of its app in tests/security/matrix.py; its first "
        "lines say how."
    )
    assert not gone, f"These URLs are gone; take them out of tests/security/matrix.py: {gone}"


@pytest.mark.django_db
@pytest.mark.parametrize("group", GROUPS)
def test_everyone_gets_what_the_matrix_says(group: str, sandbox: Sandbox) -> None:
    world = make_world()
    browsers = [world.browser_of(visitor) for visitor in VISITORS]
    differences = []
    for route, expected in GROUPS[group].items():
        address = world.address(route)
        for method, row in zip(("get", "post"), expected, strict=True):
            found = "".join(outcome(browser, method, address) for browser in browsers)
            if found != row:
                differences.append(f"{method.upper()} {route} answers {found}, not {row}")
    assert not differences, (
        "\n".join(differences) + f"\nThe letters are {', '.join(VISITORS)}; "
        "tests/security/matrix.py says what they mean."
    )


@pytest.mark.django_db
@pytest.mark.parametrize("visitor", ["owner", "staff"])
def test_the_things_of_another_team_are_not_found_under_ones_own(
    visitor: str, sandbox: Sandbox
) -> None:
    world = make_world()
    browser = world.browser_of(visitor)
    things = [(route, name) for route in MATRIX for name in things_in(route)]
    assert len(things) > 15
    for route, name in things:
        address = world.address(route, theirs=name)
        found = {outcome(browser, method, address) for method in ("get", "post")}
        assert "-" in found <= {"-", "m"}, f"{route} with another team's {name}: {found}"


def things_in(route: str) -> list[str]:
    """The arguments of a route that belong to a team: ["account", "snapshot"]."""
    names = re.findall(r"<\w+:(\w+)>", route) if route.startswith("t/") else []
    return [name for name in names if name not in ("team", *OF_EVERYONE)]


def outcome(browser: Client, method: str, address: str) -> str:
    """Ask for an address, take back whatever that changed, and return a letter of the matrix."""
    cookies = deepcopy(browser.cookies)
    with transaction.atomic():
        answer = getattr(browser, method)(address, FORM if method == "post" else None)
        transaction.set_rollback(True)
    browser.cookies = cookies
    return letter(answer)


def letter(answer: HttpResponse) -> str:
    assert answer.status_code < 500, answer.content
    if answer.status_code == 302 and "/login/?next=" in answer["Location"]:
        return "L"
    return LETTERS.get(answer.status_code, "y")
