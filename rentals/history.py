"""What is looked for in a team's purchases, as an address says it: the same for the page and for exports."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_date, parse_datetime

from accounts.models import Membership
from catalog.models import Country, Service
from catalog.naming import has_name_in_any_language
from rentals.models import Activation, Lease, Message, Purchase
from rentals.models.purchase import PurchaseQuerySet
from rentals.states import ActivationState, LeaseState, PurchaseState
from rentals.visibility import may_read, readable

LONGEST_TEXT = 100
DIGITS_OF_A_NUMBER = 3  # fewer are part of a name
CODE = range(3, 17)  # characters of a code

# A purchase that was bought is where its number is.
STATES = {s.value: s.label for s in PurchaseState if s != PurchaseState.BOUGHT}
STATES |= {s.value: s.label for s in (*LeaseState, *ActivationState)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What purchases are looked for; None and "" are for whatever. Days are UTC, both counted.

    ``text`` is part of a number or of the name of a service, a country or an area, or the whole of a code.
    """

    text: str = ""
    state: str = ""
    service: int | None = None
    country: int | None = None
    member: int | None = None
    account: uuid.UUID | None = None
    tag: int | None = None
    first: date | None = None
    last: date | None = None

    @classmethod
    def read(cls, address: Mapping[str, str]) -> "Wanted":
        """Return what an address asks for; what makes no sense there is dropped."""
        return cls(
            **{
                field.name: value
                for field in fields(cls)
                if (value := _READERS[field.name](address.get(PARAMETERS[field.name], "").strip()))
            }
        )

    @staticmethod
    def misread(address: Mapping[str, str]) -> list[str]:
        """Return what ``read`` drops of an address, each as ``name=value``; a search is never dropped."""
        given = {name: address.get(PARAMETERS[name], "").strip() for name in _READERS}
        return [
            f"{PARAMETERS[name]}={text[:LONGEST_TEXT]}"
            for name, text in given.items()
            if text and name != "text" and not _READERS[name](text)
        ]

    @property
    def parameters(self) -> dict[str, str]:
        """What ``read`` makes this of again."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {PARAMETERS[name]: str(value) for name, value in values.items() if value}

    @property
    def query(self) -> str:
        """The same as it stands in an address."""
        return urlencode(self.parameters)

    def without(self, name: str) -> "Wanted":
        """The same, but whatever there."""
        return replace(self, **{name: getattr(Wanted(), name)})

    def of(self, membership: Membership) -> PurchaseQuerySet:
        """Return the purchases of a member's team that are looked for, newest first.

        By a code only what the member may read.
        """
        purchases = membership.team.purchases.order_by("-created", "-pk")
        if self.state in PurchaseState.values:
            purchases = purchases.filter(state=self.state)
        elif self.state:
            purchases = purchases.filter(
                Q(activation__state=self.state) | Q(lease__state=self.state)
            )
        if self.text:
            purchases = purchases.filter(_contains(membership, self.text))
        if self.first:
            purchases = purchases.filter(created__gte=_midnight(self.first))
        if self.last:
            purchases = purchases.filter(created__lt=_midnight(self.last) + timedelta(days=1))
        return purchases.filter(**self._equal())

    def _equal(self) -> dict[str, Any]:
        columns = {
            "service": self.service,
            "country": self.country,
            "buyer": self.member,
            "account": self.account,
            "tags": self.tag,
        }
        return {column: value for column, value in columns.items() if value is not None}


def _contains(membership: Membership, text: str) -> Q:
    """Return what purchases of the member's team match ``text``; reads which services and countries do.

    Each part is a set of keys that is found by itself: joined to all that a purchase might have, every
    one of a million would be looked at four tables wide.
    """
    team = membership.team
    services = Service.objects.filter(title__icontains=text)
    countries = Country.objects.filter(has_name_in_any_language(text))
    wanted = Q(pk__in=team.purchases.of_lease().filter(area_name__icontains=text).values("pk"))
    if found := list(services.values_list("pk", flat=True)):
        wanted |= Q(service__in=found)
    if found := list(countries.values_list("pk", flat=True)):
        wanted |= Q(country__in=found)
    digits = "".join(character for character in text if character in "0123456789")
    if len(digits) >= DIGITS_OF_A_NUMBER:
        leases = team.leases.filter(number__contains=digits)
        wanted |= Q(pk__in=team.activations.filter(number__contains=digits).values("purchase"))
        wanted |= Q(pk__in=leases.values("purchase")) | Q(renews__in=leases.values("pk"))
    code = "".join(character for character in text if character.isalnum() and character.isascii())
    if len(code) in CODE:
        # Also where the text was removed: a hash of the code is left.
        messages = readable(Message.objects.with_code(team, code), membership)
        for number in ("activation", "lease"):
            keys = messages.filter(**{f"{number}__isnull": False}).values(f"{number}__purchase")
            wanted |= Q(pk__in=keys)
    return wanted


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _read_number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return number if 0 < number < 2**63 else None


def _read_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _read_day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and day < date.max else None


PARAMETERS = {field.name: field.name for field in fields(Wanted)} | {
    "text": "q",
    "first": "from",
    "last": "to",
}
_READERS: dict[str, Callable[[str], Any]] = {
    "text": lambda text: text[:LONGEST_TEXT].replace("\0", ""),
    "state": lambda text: text if text in STATES else "",
    "service": _read_number,
    "country": _read_number,
    "member": _read_number,
    "account": _read_uuid,
    "tag": _read_number,
    "first": _read_day,
    "last": _read_day,
}

# Pages: from one place in the list to the next, by index, however long the list is.


def after(purchases: PurchaseQuerySet, place: str) -> PurchaseQuerySet:
    """Only what comes after ``place`` in the list; a place that is none is ignored."""
    found = _read_place(place)
    if found is None:
        return purchases
    created, pk = found
    # The first condition is implied by the second; it is what makes the index jump there.
    return purchases.filter(Q(created__lt=created) | Q(pk__lt=pk), created__lte=created)


def page_of(purchases: PurchaseQuerySet, place: str, size: int) -> list[Purchase]:
    """Return the next ``size`` of the list after ``place``, with all that a row shows.

    In two queries: first their keys, by index alone. In one with all that it joins, SQLite takes the
    small tables first and sorts the whole list for each page.
    """
    keys = list(after(purchases, place).values_list("pk", flat=True)[:size])
    rows = Purchase.objects.for_display().prefetch_related("entries").in_bulk(keys)
    return [rows[key] for key in keys]


def newest_messages(membership: Membership, purchases: Sequence[Purchase]) -> dict[int, Message]:
    """Return by its purchase's key the newest message that brought a code, or had its text removed.

    In one query, which finds the one of each number by index, however many SMS a lease has. Those that
    the member may not read are concealed.
    """
    activations = {one.activation.pk: one for one in purchases if hasattr(one, "activation")}
    leases = {one.lease.pk: one for one in purchases if hasattr(one, "lease")}
    keys = _newest_of(Activation.objects.filter(pk__in=activations), "activation").union(
        _newest_of(Lease.objects.filter(pk__in=leases), "lease"), all=True
    )
    found = {}
    for message in Message.objects.filter(pk__in=keys):
        purchase = activations.get(message.activation_id or 0) or leases[message.lease_id or 0]
        if not may_read(membership, purchase):
            message.conceal()
        found[purchase.pk] = message
    return found


def _newest_of(numbers: QuerySet[Any], field: str) -> QuerySet[Any]:
    told = Message.objects.filter(~Q(code="") | Q(text_removed_at__isnull=False))
    newest = told.filter(**{field: OuterRef("pk")}).order_by("-received_at", "-pk").values("pk")
    return numbers.order_by().annotate(newest=Subquery(newest[:1])).values("newest")


def place_of(purchase: Purchase) -> str:
    """Where ``purchase`` stands in the list, for ``after``."""
    return f"{purchase.created.isoformat()},{purchase.pk}"


def _read_place(place: str) -> tuple[datetime, int] | None:
    moment, _, pk = place.partition(",")
    try:
        created = parse_datetime(moment)
        number = int(pk)
    except ValueError:
        return None
    if created is None or created.tzinfo is None or not 0 < number < 2**63:
        return None
    return created, number
