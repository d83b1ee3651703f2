"""The page Spend: figures of a period, pictures with the table behind them, and what it went to."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from catalog.models import Offer
from core.periods import read_period
from rentals import ledger
from rentals.models import Purchase, Tag
from rentals.operations.activation import store_release, store_sms
from rentals.states import PurchaseState
from reports import queries
from reports.queries import By
from reports.templatetags.reports import seconds
from tests.factories import (
    make_activation,
    make_country,
    make_lease,
    make_limit,
    make_offer,
    make_provider_account,
    make_purchase,
    make_service,
    make_snapshot,
    make_team,
)

ClientOf = Callable[[User], Client]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def address(team: Team) -> str:
    return reverse("reports:spend", args=[team.slug])


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows_of(html: str) -> dict[str, list[str]]:
    """The table of what it went to: label → cells."""
    table = html.partition('id="lines"')[2]
    rows = re.findall(r'<th scope="row">(.*?)</tr>', table, re.DOTALL)
    cells = [text_of(row.replace("</th>", "|").replace("</td>", "|")).split("|") for row in rows]
    return {
        label.strip(): [cell.strip() for cell in rest if cell.strip()] for label, *rest in cells
    }


def buy(team: Team, buyer: User, offer: Offer, *, wait: float | None, at: datetime = NOON) -> None:
    """A number whose SMS came after so many seconds; None where none came."""
    with time_machine.travel(at, tick=False) as clock:
        purchase = make_purchase(team, buyer, offer=offer, state=PurchaseState.BOUGHT)
        number = make_activation(team, purchase=purchase)
        clock.shift(timedelta(seconds=1200 if wait is None else wait))
        if wait is None:
            store_release(activation_id=number.pk, by="poller")
        else:
            store_sms(activation_id=number.pk, text="429916", by="poller")


@pytest.fixture
def telegram() -> Offer:
    return make_offer(make_service("Telegram"), make_country("France", "FR"), cost="0.20")


@pytest.fixture
def spring(team: Team, alice: User, bob: User, telegram: Offer) -> Team:
    """Three SMS for 20 cents and one for a dollar, one number without, and a lease, in March."""
    dear = make_offer(make_service("WhatsApp"), make_country("Spain", "ES"), cost="1")
    for wait in (10, 20, 90):
        buy(team, alice, telegram, wait=wait)
    buy(team, bob, telegram, wait=None)
    buy(team, bob, dear, wait=30, at=NOON + timedelta(days=1))
    with time_machine.travel(NOON, tick=False):
        make_lease(team, alice)
    return team


MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


def test_the_figures_of_a_period(client_of: ClientOf, alice: User, spring: Team) -> None:
    html = client_of(alice).get(address(spring), MARCH).text
    figures = text_of(html.partition('<dl class="headline">')[2].partition("</dl>")[0])

    assert "Spent $5.60 $4.00 on leases" in figures
    assert "A delivered SMS $0.40 4 delivered" in figures
    assert "Success rate 80 % of 5 that ended" in figures
    assert re.search(r"Median wait 24 s nine of ten: 1:\d\d min|nine of ten: 8\d s", figures)


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("service", {"Leases": "$4.00", "WhatsApp": "$1.00", "Telegram": "$0.60"}),
        ("country", {"Leases in CA": "$4.00", "Spain": "$1.00", "France": "$0.60"}),
        ("member", {"Alice": "$4.60", "Bob": "$1.00"}),
        ("account", {"Main": "$5.60"}),
    ],
)
def test_what_it_went_to(
    client_of: ClientOf, alice: User, team: Team, by: str, rows: dict[str, str], request
) -> None:
    make_provider_account(team, name="Main")
    request.getfixturevalue("spring")

    html = client_of(alice).get(address(team), MARCH | {"by": by}).text

    found = rows_of(html)
    assert {label: cells[0] for label, cells in found.items()} == rows
    assert list(found) == list(rows)  # the dearest first


def test_a_line_has_its_rates_and_leads_to_its_purchases(
    client_of: ClientOf, alice: User, spring: Team, telegram: Offer
) -> None:
    html = client_of(alice).get(address(spring), MARCH).text

    assert rows_of(html)["Telegram"][:6] == ["$0.60", "4", "4", "3", "75 %", "$0.20"]
    history = reverse("rentals:history", args=[spring.slug])
    query = f"service={telegram.service_id}&amp;from=2026-03-01&amp;to=2026-03-31"
    assert f'href="{history}?{query}"' in html


def test_what_is_open_or_was_refused_is_bought_but_has_no_part_in_the_rate(
    client_of: ClientOf, alice: User, spring: Team, telegram: Offer
) -> None:
    with time_machine.travel(NOON, tick=False), transaction.atomic():
        make_purchase(spring, alice, offer=telegram)
        ledger.release(make_purchase(spring, alice, offer=telegram, state=PurchaseState.REFUSED))

    html = client_of(alice).get(address(spring), MARCH).text

    assert rows_of(html)["Telegram"][1:5] == ["6", "4", "3", "75 %"]
    figures = text_of(html.partition('<dl class="headline">')[2].partition("</dl>")[0])
    assert "Success rate 80 % of 5 that ended" in figures
    behind = text_of(html.partition('class="panel behind"')[2].partition("</thead>")[0])
    assert "Bought Ended Delivered Success" in behind


def test_tags_have_the_same_figures_as_the_rest(
    client_of: ClientOf, alice: User, spring: Team, telegram: Offer
) -> None:
    qa, idle = Tag.objects.create(team=spring, name="QA"), Tag.objects.create(team=spring, name="x")
    for purchase in Purchase.objects.filter(service=telegram.service):
        purchase.tags.add(qa)
    Purchase.objects.get(kind="lease").tags.add(qa, Tag.objects.create(team=spring, name="Moving"))
    client = client_of(alice)

    found = rows_of(client.get(address(spring), MARCH | {"by": "tag"}).text)

    assert found["QA"] == [
        "$4.60",
        *rows_of(client.get(address(spring), MARCH).text)["Telegram"][1:],
    ]
    assert found["Moving"][:2] == ["$4.00", "0"]
    assert str(idle) not in found
    elsewhere = client.get(address(spring), {"from": "2026-03-05", "to": "2026-03-05", "by": "tag"})
    assert "No purchase of this time has a tag." in elsewhere.text


def test_only_the_period_counts(client_of: ClientOf, alice: User, spring: Team) -> None:
    client = client_of(alice)
    day = client.get(address(spring), {"from": "2026-03-05", "to": "2026-03-05"}).text
    assert list(rows_of(day)) == ["WhatsApp"]
    empty = client.get(address(spring), {"from": "2026-03-06", "to": "2026-03-31"}).text
    assert "Nothing was bought in this time." in empty
    assert "<svg role" not in empty


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (("1900-01-01", "2100-01-01"), ("period ends today, on", "shortened and begins on")),
        (("2026-03-31", "2026-03-01"), ("were turned",)),
        (("2026-02-30", "2026-03-31"), ("One of the days does not exist",)),
        (("soon", "later"), ("shown is the period that is marked above",)),
    ],
)
def test_a_period_that_is_not_what_was_asked_for_says_so(
    client_of: ClientOf, alice: User, spring: Team, days: tuple[str, str], words: tuple[str, ...]
) -> None:
    client = client_of(alice)
    html = client.get(address(spring), dict(zip(("from", "to"), days, strict=True))).text
    assert all(said in text_of(html) for said in words)
    assert "Telegram" in html or len(words) == 1  # all that lies behind is in the longest period
    assert "were turned" not in client.get(address(spring), MARCH).text


def test_days_are_written_as_everywhere(client_of: ClientOf, alice: User, spring: Team) -> None:
    client = client_of(alice)
    html = client.get(address(spring), MARCH, headers={"accept-language": "de"}).text
    assert "am meisten bei 4. Mär 2026" in html
    assert '<th scope="row">1. Mär 2026</th>' in html


def test_pictures_have_words_and_a_table(client_of: ClientOf, alice: User, spring: Team) -> None:
    html = client_of(alice).get(address(spring), MARCH).text

    pictures = re.findall(r"<svg role=\"img\".*?</svg>", html, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        for name in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', picture):
            assert f'id="{name}"' in html
    assert pictures[0].count("<rect") == 2
    assert "5 Mar 2026: $1.00" in pictures[0]
    assert "$5.60 in all; most on 4 Mar 2026, $4.60." in html
    behind = html.partition('class="panel behind"')[2].partition("</details>")[0]
    assert behind.count('<th scope="row">') == 31
    assert " style=" not in html


def test_long_periods_are_drawn_by_month(client_of: ClientOf, alice: User, spring: Team) -> None:
    html = client_of(alice).get(address(spring), {"from": "2026-01-01", "to": "2026-12-31"}).text

    behind = html.partition('class="panel behind"')[2].partition("</details>")[0]
    assert re.findall(r'<th scope="row">(.*?)</th>', behind)[:3] == [
        "Jan 2026",
        "Feb 2026",
        "Mar 2026",
    ]


def test_nobody_elses_money_is_in_it(client_of: ClientOf, alice: User, team: Team) -> None:
    make_purchase(make_team())
    assert "Nothing was bought" in client_of(alice).get(address(team)).text


@pytest.mark.parametrize("rows", [1, 8])
def test_the_number_of_queries_does_not_grow(
    client_of: ClientOf,
    alice: User,
    bob: User,
    team: Team,
    rows: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_limit(team, per_day=Decimal(9))
    for number in range(rows):
        buy(
            team,
            (alice, bob)[number % 2],
            make_offer(),
            wait=9,
            at=timezone.now() - timedelta(days=number, hours=1),
        )
    client = client_of(alice)
    client.get(address(team))

    with django_assert_max_num_queries(12):
        assert len(rows_of(client.get(address(team)).text)) == rows


def test_the_rest_of_many_lines_is_one(
    team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SHOWN", 2)
    for cost in ("5", "4", "3", "2"):
        purchase = make_purchase(team, offer=make_offer(cost=cost))
        with transaction.atomic():
            ledger.charge(purchase)

    lines = queries.tally_by(By.SERVICE, team, read_period({}))

    assert [line.tally.spent for line in lines] == [5, 4, 5]
    assert lines[-1].label == "All others (2)"


def test_limits_and_drift_are_pointed_out(client_of: ClientOf, alice: User, team: Team) -> None:
    make_limit(team, per_day=Decimal(10))
    account = make_provider_account(team)
    make_snapshot(account, drift=Decimal("-1.50"))

    html = client_of(alice).get(address(team)).text

    assert "<meter" in html
    assert reverse("rentals:account_money", args=[team.slug, account.pk]) in html


@pytest.mark.parametrize(
    ("wait", "words"),
    [(None, "–"), (3.25, "3.2 s"), (8.0, "8 s"), (42.4, "42 s"), (125.2, "2:05 min")],
)
def test_how_a_wait_looks(wait: float | None, words: str) -> None:
    assert seconds(wait) == words
