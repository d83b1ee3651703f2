"""What staff make of a purchase of unknown outcome, through the operations that its owners have."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import get_user
from core.deeds import ConfirmForm, Deed
from core.money import format_usd
from rentals.forms import AdoptForm, AdoptOrderForm
from rentals.models import Purchase
from rentals.operations import unknown
from rentals.operations.errors import Refusal
from rentals.states import PurchaseState

NEEDS = "rentals.change_purchase"


class AdoptNumber(ConfirmForm, AdoptForm):
    """The number as the provider's site shows it, and a tick: its price is spent when its SMS comes."""

    field_order = ("request_id", "number", "confirmed")


class AdoptOrder(ConfirmForm, AdoptOrderForm):
    """The order as the provider's site shows it, and a tick: its price is spent."""

    field_order = ("order", "confirmed")


def _adopt_number(request: HttpRequest, purchase: Purchase, fields: dict[str, Any]) -> str:
    unknown.adopt(
        purchase=purchase,
        actor=get_user(request),
        request_id=fields["request_id"],
        number=fields["number"],
    )
    return _("Adopted: the number is polled from now on.")


def _adopt_order(request: HttpRequest, purchase: Purchase, fields: dict[str, Any]) -> str:
    unknown.adopt_order(purchase=purchase, actor=get_user(request), order=fields["order"])
    return _("Adopted: the order is this purchase's.")


def _not_bought(request: HttpRequest, purchase: Purchase, fields: dict[str, Any]) -> str:
    unknown.declare_not_bought(purchase=purchase, actor=get_user(request))
    return _("Not bought: the reservation was given back.")


def _write_off(request: HttpRequest, purchase: Purchase, fields: dict[str, Any]) -> str:
    unknown.write_off(purchase=purchase, actor=get_user(request))
    return _("Written off: the money counts as spent.")


def _is_unknown(*, of_lease: bool | None = None) -> Callable[[Purchase], bool]:
    def applies(purchase: Purchase) -> bool:
        return purchase.state == PurchaseState.UNKNOWN and of_lease in (None, purchase.is_of_lease)

    return applies


def _says(sentence: Any, price: Callable[[Purchase], Any]) -> Callable[[Purchase], str]:
    return lambda purchase: str(sentence) % {"price": format_usd(price(purchase))}


def _deed(key: str, label: Any, sentence: Any, do: Any, **options: Any) -> Deed:
    form: type[forms.Form] = options.pop("form", ConfirmForm)
    price = options.pop("price", lambda purchase: purchase.price)
    return Deed(
        *(key, label, NEEDS, _says(sentence, price), do),
        form=form,
        refusals=(Refusal,),
        **{"applies": _is_unknown(), **options},
    )


DEEDS = (
    _deed(
        *("adopt", gettext_lazy("Adopt the number")),
        gettext_lazy(
            "The number is on the provider's site. Copy both from there, never guess: a wrong request "
            "id is somebody else's number and somebody else's code. %(price)s is spent when its SMS "
            "comes."
        ),
        _adopt_number,
        form=AdoptNumber,
        applies=_is_unknown(of_lease=False),
    ),
    _deed(
        *("adopt-order", gettext_lazy("Adopt the order")),
        gettext_lazy(
            "The order is on the provider's site. It is looked up there, and adopted only if it is "
            "paid, fits this purchase and belongs to no other. %(price)s is spent."
        ),
        _adopt_order,
        form=AdoptOrder,
        applies=_is_unknown(of_lease=True),
    ),
    _deed(
        *("not-bought", gettext_lazy("Not bought")),
        gettext_lazy(
            "The provider's site shows nothing of it and the balance has not moved. The reserved "
            "%(price)s is given back to the team."
        ),
        _not_bought,
        price=lambda purchase: purchase.quoted,
    ),
    _deed(
        *("write-off", gettext_lazy("Write off")),
        gettext_lazy(
            "Nobody can tell. Writing it off ends the reservation and counts %(price)s as spent; the "
            "provider is asked nothing and sent nothing."
        ),
        _write_off,
        is_grave=True,
    ),
)
