"""The sidebar of the admin: what there is to do first, then what there is to see."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from rentals.admin import statements, work

Item = dict[str, Any]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar, each with the links that who asks may follow."""
    groups = (
        (_("Work lists"), _work()),
        (_("History"), _history()),
        (_("Money"), _money()),
        (_("Teams"), _teams()),
        (_("Catalogue"), _catalogue()),
        (_("Audit"), _audit()),
        (_("Health"), _health()),
    )
    overview = {
        "items": [{"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}]
    }
    return [overview, *({"title": title, "items": _for(request, items)} for title, items in groups)]


def _for(request: HttpRequest, items: Iterable[Item]) -> list[Item]:
    allowed = [item for item in items if request.user.has_perm(item.pop("needs"))]
    for item in allowed:
        item["active"] = _is_here(request, item["link"])
    return allowed


def _is_here(request: HttpRequest, link: str) -> bool:
    """Whether the page at ``link`` is shown; a work list is a list with a filter of its own."""
    path, _mark, query = link.partition("?")
    if query:
        return request.path == path and query in request.GET.urlencode()
    is_work = any(each.query.lstrip("?") in request.GET.urlencode() for each in work.LISTS)
    below = request.path.removeprefix(path)
    return (
        below != request.path
        and not below.startswith("statements/")
        and not (is_work and not below)
    )


def _list(title: str, model: str, icon: str, query: str = "") -> Item:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{app}_{name}_changelist") + query,
        "needs": f"{app}.view_{name}",
    }


def _work() -> list[Item]:
    counts = work.count_work()
    return [
        {
            "title": each.title,
            "icon": each.icon,
            "link": each.link,
            "needs": each.needs,
            **_badge(counts[each.key]),
        }
        for each in work.LISTS
    ]


def _badge(count: int) -> Item:
    if not count:
        return {}
    shown = f"{count}" if count < work.MOST_COUNTED else f"{count - 1}+"
    return {"badge": shown, "badge_variant": "warning"}


def _history() -> list[Item]:
    return [
        _list(_("Purchases"), "rentals.purchase", "shopping_cart"),
        _list(_("Numbers"), "rentals.activation", "sms"),
        _list(_("Leases"), "rentals.lease", "calendar_month"),
        _list(_("Messages"), "rentals.message", "mail"),
        _list(_("Events"), "rentals.event", "timeline"),
        _list(_("Tags"), "rentals.tag", "label"),
        _list(_("Trips"), "rentals.trip", "star"),
    ]


def _money() -> list[Item]:
    return [
        {
            "title": _("Statements"),
            "icon": "summarize",
            "link": reverse("admin:rentals_ledgerentry_statements"),
            "needs": statements.NEEDS,
        },
        _list(_("Ledger"), "rentals.ledgerentry", "receipt_long"),
        _list(_("Days of destinations"), "rentals.tripday", "calendar_view_day"),
        _list(_("Days of members"), "rentals.memberday", "today"),
        _list(_("Balances"), "rentals.balancesnapshot", "account_balance"),
        _list(_("Limits"), "rentals.limit", "speed"),
        _list(_("Stops of buying"), "rentals.buyingstop", "front_hand"),
    ]


def _teams() -> list[Item]:
    return [
        _list(_("Teams"), "accounts.team", "groups"),
        _list(_("Members"), "accounts.membership", "badge"),
        _list(_("Invitations"), "accounts.invitation", "forward_to_inbox"),
        _list(_("Users"), "accounts.user", "person"),
        _list(_("Provider accounts"), "accounts.provideraccount", "key"),
        _list(_("Sessions"), "usersessions.usersession", "devices"),
        _list(_("Second factors"), "mfa.authenticator", "passkey"),
        _list(_("E-mail addresses"), "account.emailaddress", "alternate_email"),
        _list(_("Groups"), "auth.group", "shield_person"),
    ]


def _catalogue() -> list[Item]:
    return [
        _list(_("Services, deny-list"), "catalog.service", "apps"),
        _list(_("Countries"), "catalog.country", "public"),
        _list(_("Areas"), "catalog.area", "map"),
        _list(_("Offers"), "catalog.offer", "sell"),
        _list(_("Price history"), "catalog.pricepoint", "show_chart"),
        _list(_("Lists read"), "catalog.feed", "sync"),
    ]


def _audit() -> list[Item]:
    return [_list(_("Audit trail"), "accounts.auditentry", "policy")]


def _health() -> list[Item]:
    return [
        {
            "title": _("Health"),
            "icon": "ecg_heart",
            "link": reverse("admin:health"),
            "needs": "rentals.view_pollshard",
        },
        _list(_("Poll shards"), "rentals.pollshard", "monitor_heart"),
        _list(_("Blocked services"), "rentals.serviceblock", "block"),
    ]
