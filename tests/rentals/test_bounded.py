"""What a page costs does not grow with the books: as many queries, and each of them by an index.

The number of rows is not what proves it: a query that reads a whole table does so with ten rows, too, and
SQLite says so beforehand. ``bench/`` has the times with a million purchases.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team, User
from catalog.models import Feed
from rentals.operations.sweep import sweep
from rentals.seeding import Plan, seed
from rentals.views.history import PAGE

ClientOf = Callable[[User], Client]
Act = Callable[[], object]
Query = tuple[str, Any]
# What grows without end. Teams, accounts, offers and limits are as many as people made.
BOOKS = (
    *("purchase", "activation", "message", "ledgerentry", "event", "memberday", "tripday"),
    "balancesnapshot",
)
SCAN = re.compile(rf"^SCAN (?:rentals_({'|'.join(BOOKS)}))\b(?!.*USING (?:COVERING )?INDEX)")
LISTS = ("purchase", "activation", "message", "ledgerentry", "event", "memberday")


def grow(purchases: int) -> None:
    for _ in seed(Plan(purchases=purchases, teams=1, days=3)):
        pass


@pytest.fixture
def team(db: None) -> Team:
    grow(2 * PAGE)
    # Without a list that was read lately the desk asks why.
    Feed.objects.create(key="countries", fetched_at=timezone.now())
    return Team.objects.latest("pk")


def captured(act: Act) -> list[Query]:
    """The queries of an act with their parameters, after one that fills what is kept in memory."""
    queries: list[Query] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append((sql, params))
        return execute(sql, params, many, context)

    act()
    with connection.execute_wrapper(note):
        act()
    return queries


def scans(queries: list[Query]) -> list[str]:
    """Which of them read a table of books from one end to the other.

    With the parameters apart, as they are sent: SQLite does not always see then that an index of some rows
    has all that are asked for. All rows in the order of the table up to a limit are as good as by an index; with
    a sort before it, or only some of them, they are not.
    """
    found = []
    with connection.cursor() as cursor:
        for sql, params in queries:
            if sql.startswith("SELECT"):
                cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
                plan = [row[3] for row in cursor.fetchall()]
                sorts = any("TEMP B-TREE" in step for step in plan)
                limited = " LIMIT " in sql and " WHERE " not in sql and not sorts
                if any(map(SCAN.match, plan)) and not limited:
                    found.append(f"{sql} {params}")
    return found


def pages_of(team: Team, client_of: ClientOf, sam: User) -> dict[str, Act]:
    """The pages that read books, by a name."""
    member, staff = client_of(team.members.order_by("pk")[0]), client_of(sam)
    middle = team.purchases.order_by("-created", "-pk")[PAGE]
    history = reverse("rentals:history", args=[team.slug])
    deep = {"before": f"{middle.created.isoformat()},{middle.pk}"}
    return {
        "history": lambda: member.get(history),
        "history, deep": lambda: member.get(history, deep),
        "desk": lambda: member.get(reverse("rentals:desk", args=[team.slug])),
        "provider": lambda: member.get(reverse("rentals:provider", args=[team.slug])),
        "dashboard": lambda: staff.get(reverse("admin:index")),
        "health": lambda: staff.get(reverse("admin:health")),
        **{
            f"admin's {model}": (
                lambda model=model: staff.get(reverse(f"admin:rentals_{model}_changelist"))
            )
            for model in LISTS
        },
    }


def test_ten_times_the_books_take_as_many_queries(
    team: Team, client_of: ClientOf, sam: User
) -> None:
    pages = pages_of(team, client_of, sam)
    before = {name: len(captured(page)) for name, page in pages.items()}
    grow(20 * PAGE)
    after = {name: len(captured(page)) for name, page in pages.items()}
    assert after == before
    assert before["desk"] <= 12
    assert before["history"] <= 12
    assert before["provider"] <= 16


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL scans what is small")
def test_no_page_reads_a_table_of_books_from_end_to_end(
    team: Team, client_of: ClientOf, sam: User
) -> None:
    pages = pages_of(team, client_of, sam) | {"sweep": sweep}
    assert {name: found for name, page in pages.items() if (found := scans(captured(page)))} == {}
