"""The admin and the desk with a million purchases on the site.

    script/bench admin [--quick]

What the dashboard, the list of purchases with its filters and searches, other lists and the page of health cost;
and a desk, which says how many of them two cores can draw in a second. All of a page but the network, in CPU of
the site and of the database (``bench.clock``). Medians of three rounds. SQLite is always measured; with
TEST_DATABASE_URL naming a PostgreSQL server on this machine, that too.
"""

from typing import Any

from bench.clock import cpu_seconds, milliseconds
from bench.million import browser_of, busiest_team, page, queries, run

DESKS = 100


def report() -> None:
    from django.db import connection
    from django.urls import reverse

    from accounts.models import User

    staff = User.objects.create_superuser(
        "sam@example.org", "a long password of the bench", name="Sam"
    )
    browser = browser_of(staff)
    team = busiest_team()
    purchases = reverse("admin:rentals_purchase_changelist")
    number = team.activations.order_by("pk")[1000].number
    pages = {
        "dashboard": reverse("admin:index"),
        "health": reverse("admin:health"),
        "purchases": purchases,
        "purchases, page 3": f"{purchases}?p=3",
        "purchases, refused": f"{purchases}?state__exact=refused",
        "purchases, unknown": f"{purchases}?state__exact=unknown",
        "purchases of a number": f"{purchases}?q={number}",
        "purchases of a buyer": f"{purchases}?q={team.members.first().email}",
        "numbers": reverse("admin:rentals_activation_changelist"),
        "messages": reverse("admin:rentals_message_changelist"),
        "ledger": reverse("admin:rentals_ledgerentry_changelist"),
        "events": reverse("admin:rentals_event_changelist"),
    }
    acts = {name: page(browser, address) for name, address in pages.items()}
    for name, took in zip(acts, milliseconds(*acts.values()), strict=True):
        print(f"{connection.vendor}: {name}: {took:.0f} ms, {queries(acts[name])} queries")
    desk(team)


def desk(team: Any) -> None:
    """The desk of a team with nothing open, and how many of them a core draws in a second."""
    from django.db import connection
    from django.urls import reverse

    browser = browser_of(team.memberships.get(role="owner").user)
    act = page(browser, reverse("rentals:desk", args=[team.slug]))
    count = queries(act)
    began = cpu_seconds()
    for _ in range(DESKS):
        act()
    cost = (cpu_seconds() - began) / DESKS
    print(
        f"{connection.vendor}: desk: {count} queries, {cost * 1000:.1f} ms of CPU: two cores draw "
        f"{2 / cost:.0f} a second"
    )


if __name__ == "__main__":
    run("admin", report)
