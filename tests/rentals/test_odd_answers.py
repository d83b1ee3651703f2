"""Request ids, codes and texts as they may come, through the whole product: wire, store, page, admin."""

import html
import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.provider import client_for
from core.text import spell_out
from rentals.models import Activation, Message
from rentals.operations.activation import (
    Finding,
    request_cancel,
    send_cancel,
    store_findings,
)
from rentals.operations.unknown import adopt
from rentals.states import ActivationState, PurchaseState
from tests.rentals.operations.conftest import Shop, everything_adds_up, shop

__all__ = ["everything_adds_up", "shop"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_adds_up")]
ClientOf = Callable[[User], Client]

IDS = {
    "124, a number": "124",
    "124, a text": '"124"',
    "21 digits, a number": "266770262521000000312",
    "21 digits, a text": '"266770262521000000312"',
    "leading zeros": '"000000000000000000124"',
}


def sell(shop: Shop, request_id: str) -> None:
    """The provider sells a number under this very id, in this spelling."""
    data = f'{{"request_id": {request_id}, "number": "17548003793"}}'
    shop.sandbox.fault("get/number", "body", text=f'{{"code": 200, "data": {data}}}')


def say_sms(shop: Shop, text: str) -> None:
    """As JSON has it: what is not ASCII is escaped, a lone surrogate too."""
    body = json.dumps({"code": 200, "message": "", "data": text})
    shop.sandbox.fault("get/sms", "body", text=body)


def poll(shop: Shop, number: Activation) -> str:
    text = client_for(shop.account).get_sms(number.request_id)
    store_findings([Finding(number.pk, text)], by="poller")
    number.refresh_from_db()
    return text


def asked_with(shop: Shop, call: str) -> set[str]:
    return {seen.params["request_id"] for seen in shop.sandbox.calls if seen.name == call}


@pytest.mark.parametrize("spelling", IDS.values(), ids=IDS)
def test_a_request_id_is_the_same_text_everywhere(
    shop: Shop, client_of: ClientOf, sam: User, spelling: str
) -> None:
    request_id = spelling.strip('"')
    sell(shop, spelling)
    number = shop.number()
    assert number.request_id == request_id
    say_sms(shop, "077866")
    poll(shop, number)
    assert number.state == ActivationState.RECEIVED
    sell(shop, '"another"')
    other = shop.number()
    Activation.objects.filter(pk=other.pk).update(request_id=request_id + "7")
    request_cancel(activation=other, actor=shop.alice)
    shop.sandbox.fault("cancel", "body", text='{"code": 200}')
    send_cancel(activation_id=other.pk)
    assert asked_with(shop, "get/sms") == {request_id, request_id + "7"}
    assert asked_with(shop, "cancel") == {request_id + "7"}
    page = client_of(shop.alice).get(number.purchase.get_absolute_url())
    assert f"Request {request_id}." in page.text
    found = client_of(sam).get(reverse("admin:rentals_activation_changelist"), {"q": request_id})
    assert request_id in found.text


@pytest.mark.parametrize("digits", [65, 124])
def test_a_request_id_too_long_to_keep_is_never_cut_short(shop: Shop, digits: int) -> None:
    """Cut short it would be somebody else's; so the outcome is unknown, and nobody is asked."""
    sell(shop, f'"{"7" * digits}"')
    purchase = shop.buy()
    assert purchase.state == PurchaseState.UNKNOWN
    assert "7" * digits in (purchase.answer() or "")
    assert not Activation.objects.exists()


@pytest.mark.parametrize("request_id", ["124", "266770262521000000312"])
def test_a_person_adopts_an_id_as_it_is(shop: Shop, request_id: str) -> None:
    shop.sandbox.fault("get/number", "reset")
    number = adopt(
        purchase=shop.buy(), actor=shop.alice, request_id=request_id, number="17548003793"
    )
    assert number.request_id == request_id


@pytest.mark.parametrize("code", ["077866", "0000", "000000001"])
def test_a_code_keeps_its_leading_zeros(shop: Shop, client_of: ClientOf, code: str) -> None:
    number = shop.number()
    shop.sandbox.deliver(number.request_id, code)
    assert poll(shop, number) == code
    assert number.messages.get().code == code
    page = client_of(shop.alice).get(number.purchase.get_absolute_url())
    assert code in page.text


TEXTS = {
    "NUL": ("a\x00b 4711", "a\ufffdb 4711"),
    "lone surrogates": ("\ud800x\udfff 4711", "\ufffdx\ufffd 4711"),
    "right to left": ("\u202e1174 edoc\u202c \u200f4711", None),
    "zero width": ("47\u200b11 \ufeff\u200d\u2060 4711", None),
    "HTML": ("<script>alert(1)</script><b onclick='x'>\"4711\"&amp;</b>", None),
    "newlines": ("line one\nline two\r\n\tcode 4711\v\f\x85\u2028end", None),
    "emoji and marks": ("\U0001f68f Z\u0351\u036b\u0343 4711", None),
    "a template": ("{{ settings.SECRET_KEY }}{% now 'Y' %} 4711", None),
    "long": ("4711 " + "x" * 20_000, None),
}


@pytest.mark.parametrize(("text", "kept"), TEXTS.values(), ids=TEXTS)
def test_a_text_goes_unharmed_and_harmless_through_store_page_and_admin(
    shop: Shop, client_of: ClientOf, sam: User, text: str, kept: str | None
) -> None:
    number = shop.number()
    kept = text if kept is None else kept
    for _ in range(2):
        say_sms(shop, text)
        assert poll(shop, number) == kept
    message = Message.objects.get()
    assert message.text == kept
    assert message.code
    assert number.state == ActivationState.RECEIVED

    browser, staff = client_of(shop.alice), client_of(sam)
    pages = [
        browser.get(number.purchase.get_absolute_url()),
        browser.get(reverse("rentals:desk", args=[shop.team.slug])),
        browser.get(reverse("rentals:history", args=[shop.team.slug])),
        staff.get(reverse("admin:rentals_message_change", args=[message.pk])),
        staff.get(reverse("admin:rentals_message_changelist")),
        staff.get(reverse("admin:rentals_activation_change", args=[number.pk])),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<b onclick" not in page.text
    shown = html.unescape(pages[0].content.decode("utf-8"))
    for line in spell_out(kept[:200]).split("\n"):
        assert line.strip("\r\t ") in shown
