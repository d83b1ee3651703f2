"""Each path of the product that calls the provider × each fault: what is held, settled and said.

The faults are the rows of the client's matrix; the provider is the sandbox over HTTP. Whatever the
fault, no task raises; when it is gone the path goes on where it was. A path that buys or cancels meets
each kind of fault, one that only reads each class of error that faults become.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ProviderAccount
from accounts.tasks import refresh_balance
from catalog.models import Area
from rentals import tasks
from rentals.models import Purchase
from rentals.operations import evidence
from rentals.operations import lease as leases
from rentals.operations.activation import request_cancel, store_sms
from rentals.operations.purchase import request_reuse
from rentals.wording import explain_purchase
from smsbus import SmsBusError
from tests.contract.matrix import CALLS, FAULTS, HASTY, PATIENT, Fault
from tests.rentals.operations import leasing
from tests.rentals.operations.conftest import COST, Shop

pytestmark = pytest.mark.django_db

IMPATIENT = 1.2  # seconds: enough for the calls before the one that hangs

Standing = tuple[str, str | None, list[str]]
"""The states of a purchase and of its number, and its entries in the ledger."""

HELD: Standing = ("held", None, ["hold"])
WAITING: Standing = ("bought", "waiting", ["hold"])
UNKNOWN: Standing = ("unknown", None, ["hold"])
CANCELLING: Standing = ("bought", "cancelling", ["hold"])
CANCELLED: Standing = ("bought", "cancelled", ["hold", "release"])
RECEIVED: Standing = ("bought", "received", ["hold", "charge"])
LEASED: Standing = ("bought", "active", ["hold", "charge"])
NOT_BOUGHT: Standing = ("not_bought", None, ["hold", "release"])

RENEWED: Standing = ("bought", None, ["hold", "charge"])

GOOD = {
    "get/number": WAITING,
    "reuse": WAITING,
    "rent/get/number": LEASED,
    "rent/renew/number": RENEWED,
}
"""What a path that ends as unknown comes to with a good answer."""


def standing(purchase: Purchase) -> Standing:
    fresh = Purchase.objects.get(pk=purchase.pk)
    number = getattr(fresh, "activation", None) or getattr(fresh, "lease", None)
    kinds = list(fresh.entries.order_by("pk").values_list("kind", flat=True))
    return fresh.state, number and number.state, kinds


# What comes before the fault, and the task that meets it


def _received(shop: Shop) -> Purchase:
    number = shop.number()
    shop.sandbox.deliver(number.request_id, "077866")
    store_sms(activation_id=number.pk, text="077866", by="poller")
    number.refresh_from_db()
    return request_reuse(activation=number, buyer=shop.alice, quoted=COST, client_key=uuid.uuid4())


def _cancelling(shop: Shop) -> Purchase:
    number = shop.number()
    assert request_cancel(activation=number, actor=shop.alice)
    return number.purchase


def _cancelling_too_late(shop: Shop) -> Purchase:
    purchase = _cancelling(shop)
    shop.sandbox.deliver(purchase.activation.request_id, "077866")
    return purchase


def _lost(shop: Shop) -> Purchase:
    """An unknown purchase, on an account whose ``frozen`` is believed, ready to be looked into."""
    ProviderAccount.objects.update(frozen_confirmed=evidence.CONFIRMATIONS)
    shop.account.refresh_from_db()
    shop.sandbox.fault("get/number", "reset", applied=False)
    return shop.buy()


def _area() -> Area:
    """The sandbox's Canada: two dollars a month."""
    row = {"title": "Canada", "monthly_price": Decimal(2), "min_months": 1, "stock": 48}
    return Area.objects.get_or_create(provider_id="CA", defaults=row)[0]


def _lease_asked(shop: Shop) -> Purchase:
    return leasing.ask(shop, _area())


def _leased_without_sms(shop: Shop) -> Purchase:
    return leasing.send(_lease_asked(shop))


def _leased(shop: Shop) -> Purchase:
    purchase = _leased_without_sms(shop)
    shop.sandbox.deliver_lease(purchase.lease.mobile_number, "077866")
    return purchase


def _renewal_asked(shop: Shop) -> Purchase:
    return leasing.renew(shop, _area(), _leased(shop).lease)


def _read_leases(purchase: Purchase) -> None:
    tasks.read_leases(str(purchase.account_id))


def _read_inboxes(purchase: Purchase) -> None:
    tasks.read_inboxes(str(purchase.account_id))


def _find_out(purchase: Purchase) -> None:
    Purchase.objects.filter(pk=purchase.pk).update(look_again_at=timezone.now())
    tasks.find_out(purchase.pk)


def _send(purchase: Purchase) -> None:
    tasks.send_purchase(purchase.pk)


def _cancel(purchase: Purchase) -> None:
    tasks.send_cancel(purchase.activation.pk)


@dataclass(frozen=True)
class Path:
    """``call`` is struck while ``act`` works; then ``words`` are shown. ``act`` again ends it."""

    call: str
    arrange: Callable[[Shop], Purchase]
    act: Callable[[Purchase], None]
    struck: Standing
    words: str
    again: Standing
    refused: bool = False  # its good answer is a refusal, which needs no data

    def becomes(self, fault: Fault) -> type[SmsBusError] | None:
        """What ``fault`` makes of the good answer; None where it stays one."""
        needless = self.refused and fault.kind in ("no_data", "missing", "mistyped")
        return None if needless else fault.becomes(self.call)

    def faults(self) -> list[Fault]:
        """Those that spoil the good answer, one of each sort that makes a difference here."""
        reads = CALLS[self.call].kind == "read"
        sorts: dict[tuple[object, ...], Fault] = {}
        for fault in FAULTS:
            if error := self.becomes(fault):
                sort = (error, fault.options.get("applied"), "" if reads else fault.kind)
                sorts.setdefault(sort, fault)
        return list(sorts.values())


PATHS = {
    "price": Path("list/prices", Shop.ask, _send, HELD, "asked for the price", WAITING),
    "baseline": Path("get/balance", Shop.ask, _send, WAITING, "", WAITING),
    "buy": Path("get/number", Shop.ask, _send, UNKNOWN, "stays reserved", UNKNOWN),
    "reuse": Path("reuse", _received, _send, UNKNOWN, "stays reserved", UNKNOWN),
    "cancel": Path("cancel", _cancelling, _cancel, CANCELLING, "", CANCELLED),
    "last look": Path("get/sms", _cancelling, _cancel, CANCELLING, "", CANCELLED, refused=True),
    "last look at an SMS": Path("get/sms", _cancelling_too_late, _cancel, CANCELLING, "", RECEIVED),
    "find out": Path("get/balance", _lost, _find_out, UNKNOWN, "stays reserved", NOT_BOUGHT),
    "calibrate": Path(
        "get/balance",
        lambda shop: shop.buy(),
        lambda purchase: tasks.calibrate(purchase.pk),
        WAITING,
        "",
        WAITING,
    ),
    "balance": Path(
        "get/balance",
        lambda shop: shop.buy(),
        lambda purchase: refresh_balance(str(purchase.account_id)),
        WAITING,
        "",
        WAITING,
    ),
    "price of a lease": Path(
        "rent/list/area", _lease_asked, _send, HELD, "asked for the price", LEASED
    ),
    "orders before a lease": Path("rent/list/order", _lease_asked, _send, LEASED, "", LEASED),
    "lease": Path("rent/get/number", _lease_asked, _send, UNKNOWN, "stays reserved", UNKNOWN),
    "renew": Path("rent/renew/number", _renewal_asked, _send, UNKNOWN, "stays reserved", UNKNOWN),
    "dates of leases": Path("rent/list/number", _leased, _read_leases, LEASED, "", LEASED),
    "orders of leases": Path("rent/list/order", _leased, _read_leases, LEASED, "", LEASED),
    "inboxes": Path("rent/list/sms", _leased, _read_inboxes, LEASED, "", LEASED),
}


def struck(shop: Shop, settings: Settings, call: str, fault: Fault) -> None:
    settings.SMSBUS_DEADLINE = IMPATIENT if fault.deadline == HASTY else PATIENT
    shop.sandbox.fault(call, fault.kind, **fault.options_for(call))


def cases(faults_of: Callable[[Path], Iterable[Fault]]) -> list[object]:
    return [
        pytest.param(path, fault, id=f"{name}-{fault}")
        for name, path in PATHS.items()
        for fault in faults_of(path)
    ]


@pytest.mark.parametrize(("path", "fault"), cases(Path.faults))
def test_a_fault_settles_nothing_and_the_path_goes_on(
    shop: Shop, settings: Settings, path: Path, fault: Fault
) -> None:
    purchase = path.arrange(shop)
    struck(shop, settings, path.call, fault)
    path.act(purchase)
    assert standing(purchase) == path.struck
    assert path.words in explain_purchase(Purchase.objects.get(pk=purchase.pk))
    assert shop.account.state == ProviderAccount.objects.get().state

    settings.SMSBUS_DEADLINE = PATIENT
    shop.sandbox.clear_faults()
    path.act(purchase)
    assert standing(purchase) == path.again
    if CALLS[path.call].kind == "buy":
        assert shop.sends(path.call) == 1
    reserved = [p.quoted for p in Purchase.objects.all() if standing(p)[2] == ["hold"]]
    assert shop.team.purchases.reserved() == sum(reserved, Decimal(0))
    assert shop.buy().state == "bought", "the next one is in nobody's way"


def spelled_otherwise(path: Path) -> Iterable[Fault]:
    return [fault for fault in FAULTS if fault.outcome is None and path.becomes(fault) is None]


@pytest.mark.parametrize(("path", "fault"), cases(spelled_otherwise))
def test_an_answer_spelled_otherwise_is_an_answer(
    shop: Shop, settings: Settings, path: Path, fault: Fault
) -> None:
    purchase = path.arrange(shop)
    struck(shop, settings, path.call, fault)
    path.act(purchase)
    assert standing(purchase) == GOOD.get(path.call, path.again)


@pytest.mark.parametrize("fault", Path.faults(PATHS["orders of leases"]), ids=str)
@pytest.mark.parametrize("struck_too", [False, True], ids=["listed", "not listed"])
def test_a_lease_is_given_back_or_asked_again(
    shop: Shop, settings: Settings, fault: Fault, struck_too: bool
) -> None:
    """Whatever the cancel is answered, the list of orders has the truth; without it nothing ends."""
    purchase = _leased_without_sms(shop)
    assert leases.request_cancel(lease=purchase.lease, actor=shop.alice)
    struck(shop, settings, "rent/cancel/order", fault)
    if struck_too:
        shop.sandbox.fault("rent/list/order", "http_error", times=None)
    tasks.send_lease_cancel(purchase.lease.pk)
    shop.sandbox.clear_faults()
    settings.SMSBUS_DEADLINE = PATIENT
    cancelled = ("bought", "cancelled", ["hold", "charge", "refund"])
    if struck_too:
        assert standing(purchase) == ("bought", "cancelling", ["hold", "charge"])
    tasks.send_lease_cancel(purchase.lease.pk)
    assert standing(purchase) == cancelled
    assert shop.sandbox.world.account(shop.token).balance == 10


def test_a_balance_is_kept_as_it_was_until_one_can_be_read(shop: Shop) -> None:
    refresh_balance(str(shop.account.pk))
    before = ProviderAccount.objects.get()
    assert before.balance == 10
    for fault in FAULTS:
        if fault.becomes("get/balance") is not None and fault.deadline == PATIENT:
            shop.sandbox.fault("get/balance", fault.kind, **fault.options_for("get/balance"))
            refresh_balance(str(shop.account.pk))
    after = ProviderAccount.objects.get()
    assert (after.balance, after.frozen, after.balance_at, after.state) == (
        before.balance,
        before.frozen,
        before.balance_at,
        "active",
    )


def test_every_call_of_the_product_is_on_a_path() -> None:
    """The catalogue's lists and the switch of a public link have tests of their own."""
    elsewhere = {"list/countries", "list/projects", "rent/change/link/status", "rent/get/sms"}
    paths = {path.call for path in PATHS.values()} | {"rent/cancel/order"}
    assert paths == set(CALLS) - elsewhere
