"""What an entry of the trail tells of, in the words of its reader; what is signed stays as it was written."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import AuditEntry, Role

# By the name under which a value is written down; another name is its own word.
LABELS = {
    "account": gettext_noop("provider account"),
    "address": gettext_noop("address"),
    "as": gettext_noop("as"),
    "country": gettext_noop("country"),
    "days": gettext_noop("days kept"),
    "difference": gettext_noop("difference"),
    "explanation": gettext_noop("explanation"),
    "factor": gettext_noop("second factor"),
    "filters": gettext_noop("filters"),
    "from": gettext_noop("from"),
    "invited by": gettext_noop("invited by"),
    "leases": gettext_noop("leases"),
    "lists": gettext_noop("lists"),
    "member": gettext_noop("member"),
    "members": gettext_noop("members"),
    "message": gettext_noop("message"),
    "month": gettext_noop("month"),
    "name": gettext_noop("name"),
    "number": gettext_noop("number"),
    "only their own": gettext_noop("members see only their own messages"),
    "open_at_once": gettext_noop("open at once"),
    "owner": gettext_noop("owner"),
    "per_day": gettext_noop("limit of a day"),
    "per_month": gettext_noop("limit of a month"),
    "per_purchase": gettext_noop("limit of a purchase"),
    "price": gettext_noop("price"),
    "private": gettext_noop("for one member alone"),
    "provider code": gettext_noop("provider's code"),
    "purchase": gettext_noop("purchase"),
    "purpose": gettext_noop("purpose"),
    "q": gettext_noop("search"),
    "reason": gettext_noop("reason"),
    "referral ID": gettext_noop("referral ID"),
    "required": gettext_noop("required"),
    "role": gettext_noop("role"),
    "service": gettext_noop("service"),
    "sessions": gettext_noop("sessions"),
    "state": gettext_noop("state"),
    "tag": gettext_noop("tag"),
    "terms": gettext_noop("terms of fair use"),
    "to": gettext_noop("to"),
    "token": gettext_noop("token"),
    "whose": gettext_noop("looked after by"),
    "why": gettext_noop("reason"),
}
KEPT_SECRET = {"referral ID"}  # of which is only told whether there is one


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that an entry tells of; None for a side that it says nothing of."""

    label: str
    before: str | None
    after: str | None


def facts_of(entry: AuditEntry) -> list[Fact]:
    """Return each value that ``entry`` tells of, in words."""
    return [
        Fact(
            label=_(LABELS[name]) if name in LABELS else name.replace("_", " "),
            before=_say(name, before) if name in entry.before else None,
            after=_say(name, after) if name in entry.after else None,
        )
        for name, before, after in entry.changes
    ]


def _say(name: str, value: Any) -> str:
    if name in KEPT_SECRET:
        return _("set") if value else _("not set")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == "":
        return _("nothing")
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    return str(value)
