"""A team's history and its month's spend with a million purchases on the site.

    script/bench history [--quick]

The page of history, first and deep in it, as the site does it (by the place of the last row) and by OFFSET
as most do; what is measured is all of the page but the network. Then a month's spend of the team: from the
roll-up that is kept with each entry, and from the entries themselves. In CPU of the site and of the database
(``bench.clock``); medians of three rounds, one after the other in turn. SQLite is always measured; with
TEST_DATABASE_URL naming a PostgreSQL server on this machine, that too.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from bench.clock import milliseconds
from bench.million import browser_of, busiest_team, page, queries, run

DEPTH = 100_000


def report() -> None:
    from django.db import connection
    from django.urls import reverse

    team = busiest_team()
    mine = team.purchases.order_by("-created", "-pk")
    count = mine.count()
    depth = min(DEPTH, count // 2)
    place = mine[depth]
    address = reverse("rentals:history", args=[team.slug])
    deep = f"{address}?before={quote(f'{place.created.isoformat()},{place.pk}')}"
    browser = browser_of(team.memberships.get(role="owner").user)

    def by_offset() -> list[Any]:
        return list(mine.for_display().prefetch_related("entries")[depth : depth + 51])

    def by_place() -> list[Any]:
        rows = mine.filter(created__lte=place.created).for_display().prefetch_related("entries")
        return list(rows[:51])

    first, further, offset, keyset = milliseconds(
        page(browser, address), page(browser, deep), by_offset, by_place
    )
    name = connection.vendor
    print(
        f"{name}: history of {count:,} purchases: first page {first:.0f} ms, the one at {depth:,} "
        f"{further:.0f} ms: {further / first:.2f} times; {queries(page(browser, deep))} queries"
    )
    print(
        f"{name}: rows of a page at {depth:,}: by OFFSET {offset:.1f} ms, by place {keyset:.1f} ms: "
        f"{offset / keyset:.1f} times"
    )
    searches = [f"{address}?state=refused", f"{address}?q=1754", f"{address}?q=telegram"]
    for search, took in zip(
        searches, milliseconds(*(page(browser, each) for each in searches)), strict=True
    ):
        print(f"{name}: history{search.removeprefix(address)}: {took:.0f} ms")
    spend(team)


def spend(team: Any) -> None:
    """A month's spend from the roll-up and from the rows."""
    from django.db import connection
    from django.utils import timezone

    end = timezone.now()
    begin = end - timedelta(days=30)
    entries = team.entries.filter(created__gte=begin)
    days = team.days.filter(day__gte=begin.date())
    from_rows, from_days = milliseconds(entries.spent, days.spent, rounds=7)
    print(
        f"{connection.vendor}: spend of 30 days: from entries {from_rows:.1f} ms, from the roll-up "
        f"{from_days:.2f} ms: {from_rows / from_days:.0f} times"
    )


if __name__ == "__main__":
    run("history", report)
