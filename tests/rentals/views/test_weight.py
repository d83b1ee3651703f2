"""What the desk makes a phone download: our CSS and JS, compressed as the server sends it."""

import re
from collections.abc import Callable
from pathlib import Path

import brotli
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User

BUDGET = 75_000


def test_the_desk_weighs_less_than_its_budget(
    client_of: Callable[[User], Client], alice: User, team: Team
) -> None:
    html = client_of(alice).get(reverse("rentals:desk", args=[team.slug])).content.decode()

    names = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', html)
    files = [finders.find(name) for name in names]

    assert "css/busstop.css" in names
    assert any("htmx" in name for name in names)
    weights = [len(brotli.compress(Path(str(file)).read_bytes())) for file in files]
    assert sum(weights) <= BUDGET


def test_nothing_comes_from_elsewhere(
    client_of: Callable[[User], Client], alice: User, team: Team
) -> None:
    response = client_of(alice).get(reverse("rentals:desk", args=[team.slug]))

    html = response.content.decode()
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)
    assert " style=" not in html
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert "unsafe" not in response.headers["Content-Security-Policy"]
