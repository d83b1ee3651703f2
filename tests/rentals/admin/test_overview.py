"""The overview and the statements: from roll-ups, to the last tenth of a cent, however much there is."""

import csv
import io
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Action, AuditEntry, Team, User
from core.money import ZERO
from rentals import ledger
from rentals.admin.statements import add_up, read_statement
from rentals.models import BuyingStop, LedgerEntry, Purchase
from rentals.states import PurchaseState
from tests.factories import (
    make_activation,
    make_offer,
    make_provider_account,
    make_purchase,
    make_service,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
INDEX, STATEMENTS = "/admin/", "/admin/rentals/ledgerentry/statements/"


def buy(team: Team, at: datetime, cost: str = "0.14", **fields: Any) -> Purchase:
    """A number that was paid at that moment."""
    with time_machine.travel(at, tick=False):
        purchase = make_purchase(
            team, state=PurchaseState.BOUGHT, quoted=Decimal(cost), created=at, **fields
        )
        make_activation(team, purchase=purchase, state="received", watched=False, received_at=at)
        with transaction.atomic():
            ledger.charge(purchase)
    return purchase


# The overview


def test_it_says_what_was_spent_on_what(client_of: Browser, sam: User, team: Team) -> None:
    now = timezone.now()
    offer = make_offer(make_service("TeleApp"))
    buy(team, now, "0.25", offer=offer)
    buy(team, now - timedelta(days=2), "0.5", offer=offer)
    make_purchase(make_team(name="Elsewhere"), quoted=Decimal("0.3"))
    page = client_of(sam).get(INDEX, {"period": "7d"})
    assert page.context["total"].spent == Decimal("0.75")
    assert page.context["total"].purchases == 3
    assert page.context["total"].success == 100
    assert page.context["now"]["reserved"] == Decimal("0.3")
    groups = {title: lines for title, _link, lines in page.context["groups"]}
    assert next((line.name, line.spent) for line in groups["By service"]) == (
        "TeleApp",
        Decimal("0.75"),
    )
    assert {line.name for line in groups["By team"]} == {team.name, "Elsewhere"}
    chart = page.context["chart"]
    assert [bar.says.partition(": ")[2] for bar in chart.bars] == ["$0.50", "$0.25"]
    assert chart.ends == (f"{now - timedelta(days=6):%Y-%m-%d}", f"{now:%Y-%m-%d}")
    assert page.text.count('<rect class="chart-bar"') == 2
    assert f"service__id__exact={offer.service_id}" in page.text


def test_a_rate_says_of_how_many_it_is(client_of: Browser, sam: User, team: Team) -> None:
    now = timezone.now()
    buy(team, now)
    for state in (PurchaseState.HELD, PurchaseState.REFUSED):  # neither became a number
        refused = make_purchase(team, state=state)
        if state == PurchaseState.REFUSED:
            with transaction.atomic():
                ledger.release(refused)
    page = client_of(sam).get(INDEX)
    total = page.context["total"]
    assert (total.purchases, total.ended, total.delivered, total.success) == (3, 1, 1, 100)
    assert "of 1 that ended delivered" in page.text
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page.text)
    assert heads[1:7] == ["Spent", "Purchases", "Ended", "Delivered", "Success", "Wait"]


@pytest.mark.parametrize(
    ("query", "spent"),
    [
        ({"period": "today"}, "0.1"),
        ({"period": "7d"}, "0.7"),
        ({"from": "2026-03-01", "to": "2026-03-31"}, "0.4"),
        ({"from": "2026-03-31", "to": "2026-03-31"}, "0.4"),
        ({"from": "2026-04-05", "to": "2026-03-01"}, "0.6"),  # turned
        ({"from": "soon", "to": "2026-02-31"}, "0.7"),
        ({"period": "month"}, "0.3"),
        ({"period": "last-month"}, "0.4"),
        ({"period": "365d"}, "1.5"),
        ({"period": "nonsense"}, "0.7"),
        ({"from": "1000-01-01", "to": "9999-12-31"}, "1.5"),
    ],
)
def test_the_period_is_in_the_address(
    client_of: Browser, sam: User, team: Team, query: dict[str, str], spent: str
) -> None:
    today = datetime(2026, 4, 6, 12, tzinfo=UTC)
    buy(team, today, "0.1")
    buy(team, datetime(2026, 4, 1, 0, 0, tzinfo=UTC), "0.2")
    buy(team, datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), "0.4")
    buy(team, datetime(2025, 6, 1, tzinfo=UTC), "0.8")
    browser = client_of(sam)
    with time_machine.travel(today, tick=False):
        page = browser.get(INDEX, query)
    assert page.context["total"].spent == Decimal(spent)
    lines = page.context["lines"]
    assert sum((line.spent for line in lines), ZERO) == Decimal(spent)


def test_it_says_where_it_shows_another_period(client_of: Browser, sam: User, team: Team) -> None:
    browser = client_of(sam)
    for query, said in (
        ("from=2026-03-03&to=2026-03-01", "The days were the wrong way round and were turned."),
        ("from=1900-01-01&to=2026-03-01", "Five years are shown at most"),
        ("from=2026-02-30", "The days that were asked for do not exist"),
    ):
        assert said in browser.get(f"{INDEX}?{query}").text
    assert 'role="status"' not in browser.get(f"{INDEX}?period=7d").text


def test_where_buying_is_stopped_stands_at_the_top(client_of: Browser, sam: User) -> None:
    BuyingStop.objects.create(reason="The provider is down.")
    page = client_of(sam).get(INDEX).text
    assert "Buying is stopped: the whole site." in page
    assert "The provider is down." in page


def make_many(purchase: Purchase, count: int) -> None:
    """Settled purchases like ``purchase``, by one statement; each a minute before the one before."""
    fields = [field.column for field in Purchase._meta.fields if field.column != "id"]
    if connection.vendor == "postgresql":
        key, moment = "lpad(to_hex(n.i), 32, '0')::uuid", "p.created - n.i * interval '1 minute'"
    else:
        key, moment = "printf('%%032x', n.i)", "datetime(p.created, '-' || n.i || ' minutes')"
    changed = {
        **dict.fromkeys(("code", "client_key"), key),
        **dict.fromkeys(("created", "settled_at"), moment),
    }
    chosen = ", ".join(changed.get(name, f'p."{name}"') for name in fields)
    columns = ", ".join(f'"{name}"' for name in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO rentals_purchase ({columns})
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
            SELECT {chosen} FROM rentals_purchase p, n WHERE p.id = %s""",
            [purchase.pk],
        )


def test_with_a_hundred_thousand_purchases_it_costs_the_same(
    client_of: Browser, sam: User, team: Team
) -> None:
    purchase = buy(team, timezone.now())
    browser = client_of(sam)
    pages = (INDEX, f"{INDEX}?period=365d", "/admin/rentals/purchase/", STATEMENTS)
    for page in pages:
        browser.get(page)
    few = [queries_of(browser, page) for page in pages]
    make_many(purchase, 100_000)
    for _ in range(4):
        buy(make_team(), timezone.now(), offer=make_offer())
    many = [queries_of(browser, page) for page in pages]
    assert [len(queries) for queries in many] == [len(queries) for queries in few]
    assert max(len(queries) for queries in many) <= 26
    counting = [sql for queries in many for sql in queries if "COUNT(" in sql]
    assert all("LIMIT" in sql or "rentals_purchase" not in sql for sql in counting), counting
    assert "the first 5000 purchases" in browser.get("/admin/rentals/purchase/").text


def queries_of(browser: Client, page: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(page).status_code == 200
    return [query["sql"] for query in queries]


# Statements


def spent_by_the_ledger(begin: datetime, end: datetime, **where: Any) -> Decimal:
    entries = LedgerEntry.objects.filter(created__gte=begin, created__lt=end, **where)
    return entries.spent()


def test_a_statement_is_the_sum_of_the_ledger_to_the_last_tenth_of_a_cent() -> None:
    chance = random.Random(20261124)
    teams = [make_team() for _ in range(3)]
    accounts = [make_provider_account(team) for team in teams for _ in range(2)]
    offers = [make_offer() for _ in range(3)]
    borders = [datetime(2026, month, 1, tzinfo=UTC) for month in (9, 10, 11, 12)]
    near = [border + timedelta(seconds=chance.randint(-90, 90)) for border in borders[:3] * 8]
    inside = [borders[0] + timedelta(minutes=chance.randrange(86_400)) for _ in range(16)]
    for at in (*near, *inside, *borders[:3], borders[1] - timedelta(microseconds=1)):
        account = chance.choice(accounts)
        later = at + timedelta(seconds=chance.choice((0, 30, 120, 86_400 * 20)))
        refunded = later + timedelta(seconds=chance.choice((1, 60, 1200)))
        quoted = Decimal(chance.randrange(1, 99_999)) / 10_000
        _live(account.team, account, chance.choice(offers), at, later, refunded, quoted, chance)
    total = ZERO
    for begin, end in zip(
        [datetime(2026, 8, 1, tzinfo=UTC), *borders],
        [*borders, datetime(2027, 1, 1, tzinfo=UTC)],
        strict=True,
    ):
        rows = read_statement(begin.date())
        for row in rows:
            assert row.spent == spent_by_the_ledger(begin, end, team=row.team, account=row.account)
        assert add_up(rows)["spent"] == spent_by_the_ledger(begin, end)
        total += Decimal(add_up(rows)["spent"])
    assert total == LedgerEntry.objects.spent() != 0
    assert LedgerEntry.objects.filter(Q(kind="refund") | Q(kind="loss")).count() > 5


def _live(
    team: Team,
    account: Any,
    offer: Any,
    at: datetime,
    later: datetime,
    refunded: datetime,
    quoted: Decimal,
    chance: random.Random,
) -> None:
    end = chance.choice((ledger.charge, ledger.charge, ledger.release, ledger.write_off))
    with time_machine.travel(at, tick=False):
        purchase = make_purchase(team, account=account, offer=offer, quoted=quoted)
    with time_machine.travel(later, tick=False), transaction.atomic():
        end(purchase)
    if end is ledger.charge and chance.random() < 0.5:
        with time_machine.travel(refunded, tick=False), transaction.atomic():
            ledger.refund(purchase)


def test_it_is_a_page_a_file_and_a_sheet(client_of: Browser, sam: User, team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(name="=1+1")
    team.refresh_from_db()
    buy(team, datetime(2026, 3, 31, 23, 59, tzinfo=UTC), "0.1234")
    buy(make_team(), datetime(2026, 3, 2, tzinfo=UTC), "9")
    browser = client_of(sam)
    query = f"?month=2026-03&team={team.slug}"
    page = browser.get(STATEMENTS + query)
    assert "Statement for March 2026" in page.text
    assert page.context["total"]["spent"] == Decimal("0.1234")
    assert "never changes" in page.text
    answer = browser.post(f"{STATEMENTS}csv/{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = list(csv.DictReader(io.StringIO(text)))
    assert (row["team"], row["spent"], row["month"]) == ("'=1+1", "0.1234", "2026-03")
    sheet = browser.post(f"{STATEMENTS}xlsx/{query}")
    inside = ZipFile(io.BytesIO(b"".join(sheet.streaming_content)))
    xml = inside.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    assert "<v>0.1234</v>" in xml
    entries = AuditEntry.objects.of_team(team).filter(action=Action.STATEMENT_EXPORTED)
    assert {entry.after["as"] for entry in entries} == {"csv", "xlsx"}


@pytest.mark.parametrize("month", ["", "2026-13", "1999-01", "../..", "2026-1"])
def test_what_is_no_month_is_this_one(
    client_of: Browser, sam: User, team: Team, month: str
) -> None:
    buy(team, timezone.now())
    page = client_of(sam).get(STATEMENTS, {"month": month})
    assert page.context["month"] == timezone.now().date().replace(day=1)
    assert len(page.context["rows"]) == 1


def test_statements_are_for_who_may_see_the_ledger(client_of: Browser, sam: User) -> None:
    clerk = client_of(make_user("Clerk", is_staff=True))
    assert clerk.get(STATEMENTS).status_code == 403
    assert clerk.post(f"{STATEMENTS}csv/").status_code == 403
    browser = client_of(sam)
    assert browser.get(f"{STATEMENTS}csv/").status_code == 405
    assert browser.post(f"{STATEMENTS}pdf/").status_code == 404
    assert browser.get(STATEMENTS, {"team": "nowhere"}).status_code == 404
