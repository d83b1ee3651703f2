"""Finding a purchase by whatever support is told: a number, a request id, an address, a name.

Each text is looked up where its kind has an index, and what is found there leads to the purchases: a
condition over four joined tables would read all of a million rows.
"""

import re
import uuid
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ProviderAccount, Team, User
from catalog.models import Country, Service
from catalog.naming import has_name_in_any_language
from core.admin import ReadOnlyAdmin
from rentals.models import Activation, Lease, Purchase

M = TypeVar("M", bound=Model)
MOST = 1_000
END_OF_A_NUMBER = 5  # digits that tell a number without its dialling code from any other
_BETWEEN_DIGITS = re.compile(r"[\s().-]+")


def find_purchases(text: str) -> Q:
    """Return the condition on purchases that ``text`` means; none fits where it means nothing.

    A code, an e-mail address, a number as people write it (with its dialling code, or the end of it),
    a request id or an order id, all exactly; else part of the name of a team, a provider account, a
    service or a country.
    """
    text = text.strip().replace("\x00", "")
    code = _read_code(text)
    if code is not None:
        return Q(pk__in=sorted(_by_code(code)))
    if "@" in text:
        return Q(buyer__in=_ids(User.objects.filter(email__iexact=text)))
    number = _BETWEEN_DIGITS.sub("", text).removeprefix("+")
    ids = _by_number(number) if number.isascii() and number.isdecimal() else set()
    ids |= _by_provider_id(text)
    return Q(pk__in=sorted(ids)) if ids else _by_name(text)


def _by_code(code: uuid.UUID) -> set[int]:
    return {
        *Purchase.objects.filter(code=code).values_list("pk", flat=True),
        *Activation.objects.filter(code=code).values_list("purchase", flat=True),
        *Lease.objects.filter(code=code).values_list("purchase", flat=True),
    }


def _by_number(number: str) -> set[int]:
    found = _of_numbers("number", number)
    if not found and len(number) >= END_OF_A_NUMBER:
        found = _of_numbers("number__endswith", number)
    return found


def _of_numbers(lookup: str, number: str) -> set[int]:
    activations = Activation.objects.filter(**{lookup: number})
    leases = Lease.objects.filter(**{lookup: number})
    renewals = Purchase.objects.filter(renews__in=_ids(leases))
    return {
        *activations.values_list("purchase", flat=True)[:MOST],
        *leases.values_list("purchase", flat=True)[:MOST],
        *renewals.values_list("pk", flat=True)[:MOST],
    }


def _by_provider_id(text: str) -> set[int]:
    return {
        *Activation.objects.filter(request_id=text).values_list("purchase", flat=True)[:MOST],
        *Purchase.objects.filter(order_id=text)
        .exclude(order_id="")
        .values_list("pk", flat=True)[:MOST],
    }


def _by_name(text: str) -> Q:
    if not text:
        return Q(pk__in=[])
    named = Team.objects.filter(Q(name__icontains=text) | Q(slug=text.lower()))
    return (
        Q(team__in=_ids(named))
        | Q(account__in=_ids(ProviderAccount.objects.filter(name__icontains=text)))
        | Q(service__in=_ids(Service.objects.filter(Q(title__icontains=text) | Q(code=text))))
        | Q(country__in=_ids(Country.objects.filter(has_name_in_any_language(text))))
    )


def _ids(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.values_list("pk", flat=True)[:MOST])


def _read_code(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if len(text) >= 32 else None
    except ValueError:
        return None


class FoundByPurchase(ReadOnlyAdmin[M]):
    """A list searched by the purchases that its rows belong to; ``purchase_paths`` lead to them."""

    search_fields = ("pk",)  # any: it is what makes the box appear
    search_help_text = _("Number, request id, e-mail, code, team, service…")
    purchase_paths: tuple[str, ...] = ("purchase",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        """The rows of the purchases that the text means."""
        if not search_term.strip():
            return queryset, False
        wanted = find_purchases(search_term)
        if self.model is Purchase:
            return queryset.filter(wanted), False
        found = Purchase.objects.filter(wanted).order_by().values("pk")
        condition = Q()
        for path in self.purchase_paths:
            goods, _sep, further = path.partition("__")
            rows = found if not further else _rows_of(self.model, goods).filter(purchase__in=found)
            condition |= Q(**{f"{goods}__in": rows.order_by().values("pk")})
        return queryset.filter(condition), False


def _rows_of(model: type[Model], field: str) -> QuerySet[Any]:
    other: Any = model._meta.get_field(field).related_model
    return QuerySet(other)
